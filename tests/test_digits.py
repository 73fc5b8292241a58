"""attnlib.tasks.digits: real images, cut and moved as promised, and models that learn them."""

import pytest
import torch

from attnlib import ShapeError
from attnlib.tasks import digits
from attnlib.tasks.recordings import recorded

MODELS = digits.MODELS
every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


def seeded(seed=3):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def plain():
    return digits.load_digits(seeded())


@pytest.fixture(scope="module")
def permuted():
    return digits.load_digits(seeded(), permuted=True)


def together(data):
    return torch.cat([data.train_images, data.test_images]), torch.cat([data.train_labels, data.test_labels])


def test_all_digits_are_there_once(plain):
    from sklearn import datasets

    images, labels = together(plain)
    rows = torch.cat([images.flatten(1).double() * 16, labels[:, None]], dim=1).tolist()
    found = datasets.load_digits()
    assert len(plain.train_images) == 1400
    assert sorted(rows) == sorted([*pixels, label] for pixels, label in zip(found.data, found.target, strict=True))
    assert images.dtype == torch.float32
    assert (images.min(), images.max()) == (0, 1)


def test_one_permutation_moves_the_pixels_of_all_images(plain, permuted):
    (before, labels), (after, same_labels) = together(plain), together(permuted)
    assert torch.equal(labels, same_labels)
    assert not torch.equal(before, after)
    columns = {tuple(column) for column in before.flatten(1).T.tolist()}
    assert columns == {tuple(column) for column in after.flatten(1).T.tolist()}


def test_the_seed_decides_the_order_and_the_permutation(permuted):
    again, other = (digits.load_digits(seeded(seed), permuted=True) for seed in (3, 4))
    assert torch.equal(again.train_images, permuted.train_images)
    assert not torch.equal(other.train_labels, permuted.train_labels)


def test_a_patch_holds_four_neighbours():
    image = torch.arange(64.0).view(1, 8, 8)
    patches = digits.cut_patches(image)
    for place in range(16):
        row, column = 2 * (place // 4), 2 * (place % 4)
        assert torch.equal(patches[0, place], image[0, row : row + 2, column : column + 2].flatten())


@every_model
def test_a_model_scores_ten_digits_for_each_image(make, plain):
    model = make()
    assert model(plain.test_images[:7]).shape == (7, 10)
    assert 15_000 < sum(parameter.numel() for parameter in model.parameters()) < 18_500
    with pytest.raises(ShapeError, match="images has 2 axes, 3 expected"):
        model(plain.test_images[0])


@every_model
def test_every_pixel_reaches_every_score(make):
    torch.manual_seed(1)
    images = torch.rand(3, 8, 8, generator=seeded()).requires_grad_()
    scores = make()(images).sum(dim=0)
    slopes = sum(torch.autograd.grad(score, images, retain_graph=True)[0].abs() for score in scores)
    assert (slopes > 0).double().mean() > 0.9  # a maximum or a negative sum may hide a few


def test_an_averaged_convolution_forgets_places_and_the_other_does_not():
    torch.manual_seed(1)
    keeps, forgets = digits.ConvolutionClassifier(), digits.ConvolutionClassifier(average=True)
    image = torch.rand(1, 1, 8, 8, generator=seeded())
    for model, equal in ((keeps, False), (forgets, True)):
        found = model.layers[:7](image)  # up to the last convolution
        turned = found.flip(2, 3)
        assert torch.allclose(model.layers[7:](found), model.layers[7:](turned), atol=1e-4) == equal


@pytest.mark.parametrize("make", [MODELS["convolution"], MODELS["attention"]], ids=["convolution", "attention"])
def test_a_model_learns_what_it_is_shown(make, plain):
    torch.manual_seed(1)
    model, (images, labels) = make(), (plain.train_images[:40], plain.train_labels[:40])
    history = digits.train_classifier(model, images, labels, seeded(), steps=80)
    assert len(history.losses) == 80
    assert digits.accuracy(model, images, labels) > 0.8
    assert digits.accuracy(model, plain.test_images, plain.test_labels) > 0.25


def test_accuracy_counts_the_right_ones(plain):
    class Fixed(torch.nn.Module):
        def forward(self, images):
            return torch.eye(10)[torch.tensor([3, 1, 4])]

    assert digits.accuracy(Fixed(), plain.test_images[:3], torch.tensor([3, 5, 4])) == pytest.approx(2 / 3)


def test_images_and_labels_must_belong_together(plain):
    with pytest.raises(ShapeError, match="batch is 5 in labels but 7 in images"):
        digits.accuracy(MODELS["convolution"](), plain.test_images[:7], plain.test_labels[:5])


def test_the_stored_curves_are_of_these_models():
    made = {name: sum(parameter.numel() for parameter in make().parameters()) for name, make in MODELS.items()}
    assert recorded("data_size")["parameters"] == made
    for models in digits.recorded_shares().values():
        assert list(models) == list(MODELS)
        assert all(shares.shape == (5,) for sizes in models.values() for shares in sizes.values())
        assert all(list(sizes) == [50, 200, 800, 1400] for sizes in models.values())


def test_learning_from_a_few_images_uses_those_and_can_be_repeated(monkeypatch):
    seen = []
    monkeypatch.setattr(digits, "train_classifier", lambda model, images, *_, **__: seen.append(images))
    shares = [digits.learn_from(7, "attention", 5, permuted=permuted) for permuted in (False, True, False)]
    assert all(images.shape == (7, 8, 8) for images in seen)
    assert torch.equal(seen[0], seen[2])
    assert not torch.equal(seen[0], seen[1])
    assert shares[0] == shares[2]
