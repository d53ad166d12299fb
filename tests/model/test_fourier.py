import numpy as np
import pytest
import torch

from leorn.model.fourier import real_fourier


@pytest.mark.parametrize("size", [1, 2, 3, 8, 9, 12])
def test_the_transform_is_that_of_numpy(size: int) -> None:
    square = np.random.default_rng(size).normal(size=(size, size))
    fourier = real_fourier(size, like=torch.zeros((), dtype=torch.float64))
    numbers = fourier.forward.numpy() @ square.flatten()
    expected = np.fft.fft2(square)

    real, pairs = numbers[: fourier.num_real], numbers[fourier.num_real :].reshape(-1, 2)
    assert fourier.num_real == (1 if size % 2 else 4) if size > 1 else fourier.num_real == 1
    # each frequency of numpy's is one of these, or the mirror image of one
    values = [*real.astype(complex), *(pairs @ [1, 1j]), *(pairs @ [1, -1j])]
    np.testing.assert_allclose(np.sort_complex(np.round(values, 9)), np.sort_complex(np.round(expected.ravel(), 9)))
    np.testing.assert_allclose(fourier.inverse.numpy() @ numbers, square.flatten(), atol=1e-12)


def test_a_product_of_transforms_is_a_circular_convolution() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 6, 6))
    fourier = real_fourier(6, like=torch.zeros((), dtype=torch.float64))
    a, b = (fourier.forward.numpy() @ square.flatten() for square in (one, other))
    product = a * b
    pairs_a, pairs_b = (x[fourier.num_real :].reshape(-1, 2) @ [1, 1j] for x in (a, b))
    product[fourier.num_real :: 2] = (pairs_a * pairs_b).real
    product[fourier.num_real + 1 :: 2] = (pairs_a * pairs_b).imag
    found = (fourier.inverse.numpy() @ product).reshape(6, 6)
    for i, j in np.ndindex(6, 6):
        expected = sum(one[a, b] * other[(i - a) % 6, (j - b) % 6] for a, b in np.ndindex(6, 6))
        assert found[i, j] == pytest.approx(expected)
