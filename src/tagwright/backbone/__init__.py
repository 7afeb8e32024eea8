"""The pretrained model: the only room that touches transformers' models. Gives states of words."""
