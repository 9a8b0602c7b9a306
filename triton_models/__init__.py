"""What Triton serves: `graph` and `explain` are templates of models, of which `repository` makes a model repository."""
