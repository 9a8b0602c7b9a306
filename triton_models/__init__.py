"""The model server: a model repository, made of the templates `graph` and `explain`, and the tritonserver on it."""
