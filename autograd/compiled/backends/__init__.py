"""What runs code: the contract, and a folder for each backend."""
