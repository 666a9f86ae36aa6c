"""What scoring does, one file each. From a consumer the runner commits; from HTTP the use case does."""
