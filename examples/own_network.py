"""A template for a network of your own: copy this file, change `MyNetwork`, run it.

    python examples/own_network.py

It registers the network in this process and checks it against the contract. Then it fits the network to a
simulated building, once on its own scans and once under an untrained teacher, which is the control of trained
ones. The package in examples/plugin brings a network to the command line as well.
"""

from __future__ import annotations

from torch import nn

import tutelage as tt

EPOCHS = 20


class MyNetwork(nn.Module):
    """A network of three parts, called one after the other. `register_network` gets their names.

    The first parameter is the number of access points heard in training. Those behind the star become
    settings: typed, checked, and changed by `--set channels=16` or `settings={"channels": 16}`. The vectors
    [B, d_E] of `body` must have a width d_E that depends on the settings alone. Then a teacher of one
    building can serve networks of all others.
    """

    def __init__(self, n_ap: int, *, channels: int = 8, side: int = 6, d_e: int = 64) -> None:
        super().__init__()
        # Framer: scans [B, n_ap], 0 where nothing is heard, to the representation Z_F. Here it is a feature
        # map [B, channels, side, side]; vectors [B, d] and tokens [B, tokens, d] are as good.
        self.front = nn.Sequential(
            nn.Linear(n_ap, channels * side**2), nn.ReLU(), nn.Unflatten(1, (channels, side, side))
        )
        # Extractor: Z_F to the representation Z_E [B, d_E], which teachers and students share.
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(channels * (side // 2) ** 2, d_e),
            nn.ReLU(),
        )
        # Regressor: Z_E to a position [B, 2] in standardised coordinates, not in metres.
        self.head = nn.Linear(d_e, 2)

    # Without this method there is no pre-training. With it, the returned module maps a batch of scans to a
    # scalar loss. The shared Framer keeps what it learns from that loss.
    #
    # def pretraining(self) -> nn.Module:
    #     return MyAutoencoder(self.front)


def register() -> None:
    """Register the network under a name. Everything after the three parts is optional."""
    tt.register_network(
        "my-network",
        MyNetwork,
        framer="front",
        extractor="body",
        regressor="head",
        # True: the Framer gets a `tutelage.networks.RssBatch` and may begin with `SparseLinear`, which reads
        # the weights of the access points heard and no others.
        sparse_input=False,
        # These settings suit this network better than those of the recipes. `--set` overrides them.
        recipes={"default": {"learning_rate": 2e-3}},
        # A reason here refuses the constraint J_FI, for an Extractor without a largest slope, such as
        # attention.
        no_functional_information="",
        # The settings that `tutelage tune --search architecture` tries.
        search=lambda suggest: {"channels": suggest.suggest_int("channels", 4, 32, step=4)},
    )


def fit(survey: tt.Survey, teachers: list[str]) -> tt.Localizer:
    """Fit the network to the building."""
    run = tt.RunOptions(budget=tt.Budget(EPOCHS))
    return tt.Localizer("my-network", teachers=teachers, settings={"batch_size": 32}, run=run).fit(survey)


def main() -> None:
    """Register, check, learn and compare."""
    register()
    tt.check_network("my-network")  # raises an error with the first broken clause of the contract
    print("my-network keeps the contract")
    survey = tt.simulated_survey(n_train=400, n_test=100)
    for name, teachers in (("own scans alone", []), ("untrained teacher", ["untrained"])):
        figures = tt.evaluate(fit(survey, teachers), survey).figures()
        print(f"{name}: mean error {figures['mae_m']:.2f} m, median {figures['median_m']:.2f} m")


if __name__ == "__main__":
    main()
