"""What the sandbox makes up: an organization and all it does."""
