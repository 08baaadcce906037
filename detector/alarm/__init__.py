"""What is to be heard and told beside the bed: pure rules without a clock, a file or a network."""
