"""The synthetic data of the sandbox: an organization and its usage."""
