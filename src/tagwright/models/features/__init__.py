"""What a backbone that stays as it is says of words: asked once, kept on disk, and read from there in training."""
