"""Chapter 10: a BERT with random weights in a folder, to compare two implementations with each other."""

import torch

from attnlib.pretrained import Bert, save_bert


@torch.no_grad()
def randomise(model, generator, *, std=0.3):
    """Draw all numbers of a model anew, in place: gains of layer norms around 1, everything else around 0.

    **Shapes** a module -> the same module, in evaluation mode
    """
    for name, parameter in model.named_parameters():
        gain = "norm" in name.lower() and name.endswith("weight")
        parameter.normal_(mean=float(gain), std=std, generator=generator)
    return model.eval()


def make_folder(config, folder, generator, *, std=0.3):
    """Write a random BERT into a folder, as published ones are: with ``transformers`` where it is installed.

    **Shapes** config: sizes by their names in ``config.json``; folder: a path
    -> the ``transformers.BertModel`` that was saved; None where it was a ``Bert`` of ours, without ``transformers``
    """
    try:
        import transformers
    except ImportError:
        save_bert(randomise(Bert(config), generator, std=std), config, folder)
        return None
    settings = transformers.BertConfig(**config, attn_implementation="eager")  # eager: gives its maps, too
    model = randomise(transformers.BertModel(settings, add_pooling_layer=False), generator, std=std)
    model.save_pretrained(folder)
    return model
