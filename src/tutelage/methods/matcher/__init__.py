"""The matcher: a k-NN whose neighbour weights are learnt.

A radio map is searched for the fingerprints nearest to a scan. Each is described beside the scan without
naming an access point, and a small network says how much it counts. The network's weights are valid in any
building: they can be pretrained on other buildings, and fine-tuned on the radio map of the building to
locate in.
"""
