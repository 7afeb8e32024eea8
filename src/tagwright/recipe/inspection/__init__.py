"""Looking at labelled data before anything is trained. Loads neither torch nor transformers."""
