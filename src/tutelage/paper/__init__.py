"""The paper: Expert Training, Expert Distilling, and the transfer methods that it compares with."""
