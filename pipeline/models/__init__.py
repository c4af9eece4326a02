"""What is learned: texts with labels to a model, and a model to answers."""
