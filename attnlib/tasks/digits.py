"""Chapter 8: handwritten digits, and three small models that read them.

1,797 images of 8 x 8 pixels, collected by Alpaydin and Kaynak (1998), come with scikit-learn. A convolution may
keep the places of what it finds (flattened) or forget them (averaged); attention sees patches of 2 x 2 pixels.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from attnlib.encoder import EncoderBlock
from attnlib.shapes import match, must_count
from attnlib.tasks.recordings import recorded
from attnlib.training import fit

SIDE, PATCH, NUM_CLASSES = 8, 2, 10
NUM_TRAIN = 1400
SHAPES = {"images": "(batch, 8, 8)", "labels": "(batch,)"}


@dataclass
class Digits:
    """Images to learn from and images to be tested with.

    **Shapes** train_images (1400, 8, 8), train_labels (1400,), test_images (397, 8, 8), test_labels (397,)
    """

    train_images: torch.Tensor
    train_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor


def load_digits(generator, *, permuted=False):
    """Load the digits in a random order, with their pixels in place or moved by one permutation for all images.

    **Shapes** generator: draws the order of the images, then the permutation -> ``Digits``

    **Promises** grey values from 0 to 1; the same generator state gives the same order, permuted or not; a
    permuted image has the pixels of the plain one, at other places.

    **Example**

    >>> load_digits(torch.Generator().manual_seed(0)).test_images.shape
    torch.Size([397, 8, 8])
    """
    from sklearn import datasets  # only who wants the digits pays for the package

    found = datasets.load_digits()
    images = torch.tensor(found.images / 16, dtype=torch.float32)
    labels = torch.tensor(found.target)
    order = torch.randperm(len(images), generator=generator)
    if permuted:
        places = torch.randperm(SIDE * SIDE, generator=generator)
        images = images.flatten(1)[:, places].unflatten(1, (SIDE, SIDE))
    train, test = order[:NUM_TRAIN], order[NUM_TRAIN:]
    return Digits(images[train], labels[train], images[test], labels[test])


class ConvolutionClassifier(nn.Module):
    """Read a digit with three convolutions of 3 x 3 pixels.

    **Shapes**
        average     False: the last layer sees every place of the last 2 x 2 grid; True: only the mean over places
        images      (batch, 8, 8) -> scores of the ten digits (batch, 10)
    """

    def __init__(self, *, average=False):
        super().__init__()
        last = 36 if average else 32  # about 15,000 parameters either way
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, last, 3, padding=1),
            nn.ReLU(),
            *((nn.AdaptiveAvgPool2d(1), nn.Flatten()) if average else (nn.MaxPool2d(2), nn.Flatten())),
            nn.Linear(last if average else 4 * last, NUM_CLASSES),
        )

    def forward(self, images):
        match(SHAPES, images=images)
        return self.layers(images[:, None])


class AttentionClassifier(nn.Module):
    """Read a digit with two encoder blocks over its 16 patches, a small vision transformer.

    Patches of 2 x 2 pixels become tokens, each place has a learned vector (Dosovitskiy et al. 2021), and the
    mean of the tokens is classified.

    **Shapes** images (batch, 8, 8) -> scores of the ten digits (batch, 10)
    """

    def __init__(self, d_model=32, num_heads=4):
        super().__init__()
        self.embed = nn.Linear(PATCH * PATCH, d_model)
        self.places = nn.Parameter(0.02 * torch.randn((SIDE // PATCH) ** 2, d_model))
        self.blocks = nn.ModuleList(EncoderBlock(d_model, num_heads, 2 * d_model) for _ in range(2))
        self.classify = nn.Sequential(nn.LayerNorm(d_model), nn.Linear(d_model, NUM_CLASSES))

    def forward(self, images):
        tokens = self.embed(cut_patches(images)) + self.places
        for block in self.blocks:
            tokens = block(tokens)
        return self.classify(tokens.mean(dim=1))


def cut_patches(images):
    """Cut every image into patches of 2 x 2 pixels, row by row.

    **Shapes** images (batch, 8, 8) -> (batch, 16, 4)

    **Example**

    >>> cut_patches(torch.arange(64).view(1, 8, 8))[0, 5]
    tensor([18, 19, 26, 27])
    """
    match(SHAPES, images=images)
    grid = images.unflatten(2, (-1, PATCH)).unflatten(1, (-1, PATCH))  # (batch, row, in row, column, in column)
    return grid.transpose(2, 3).flatten(3).flatten(1, 2)


def train_classifier(model, images, labels, generator, *, steps=600, batch_size=64, progress=False):
    """Train a model to name the digit; return the history of ``fit``.

    **Shapes** images (batch, 8, 8), labels (batch,) -> ``History``
    """
    match(SHAPES, images=images, labels=labels)
    must_count(batch_size=batch_size)

    def loss(model, generator):
        drawn = torch.randint(len(images), (batch_size,), generator=generator)
        return F.cross_entropy(model(images[drawn]), labels[drawn])

    rates = {"learning_rate": 3e-3, "weight_decay": 0.05}
    return fit(model, loss, steps=steps, generator=generator, progress=progress, **rates)


MODELS = {
    "convolution": ConvolutionClassifier,
    "convolution, averaged": lambda: ConvolutionClassifier(average=True),
    "attention": AttentionClassifier,
}


def learn_from(num_images, name, seed, *, permuted=False, progress=False):
    """Train one of ``MODELS`` on the first images and measure it on the test images.

    **Shapes** -> the share that is named right, a number

    **Promises** the same seed gives all models the same images, the same permutation and the same batches.
    """
    torch.manual_seed(seed)  # the start of the weights
    model, generator = MODELS[name](), torch.Generator().manual_seed(seed)
    data = load_digits(generator, permuted=permuted)
    images, labels = data.train_images[:num_images], data.train_labels[:num_images]
    train_classifier(model, images, labels, generator, progress=progress)
    return accuracy(model, data.test_images, data.test_labels)


def recorded_shares():
    """Return what ``benchmarks/data_size.py`` has measured with five seeds.

    **Shapes** -> {"in place" or "permuted": {model: {number of images: (5,)}}}
    """
    stored = recorded("data_size")["accuracy"]
    return {
        where: {
            model: {int(count): torch.tensor(shares) for count, shares in found.items()}
            for model, found in models.items()
        }
        for where, models in stored.items()
    }


@torch.no_grad()
def accuracy(model, images, labels):
    """Measure the share of images that a model names right.

    **Shapes** images (batch, 8, 8), labels (batch,) -> a number
    """
    match(SHAPES, images=images, labels=labels)
    return (model(images).argmax(dim=-1) == labels).double().mean().item()
