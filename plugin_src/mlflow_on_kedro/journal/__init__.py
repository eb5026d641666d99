"""What a run has to say, on local disk before it is delivered."""
