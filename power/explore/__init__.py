"""The interactive page of `power explore`, and the local server that asks the model for it."""
