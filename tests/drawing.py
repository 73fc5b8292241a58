"""What tests of figures share."""


def texts(ax):
    """What is written inside an axes."""
    return [text.get_text() for text in ax.texts]


def stays_on_the_page(fig):
    """Every text lies inside the figure, is large enough to read, and the figure fits into a notebook."""
    fig.canvas.draw()
    page = fig.bbox.padded(2)
    for ax in fig.axes:
        assert all(text.get_fontsize() >= 8 for text in ax.texts)
        # a logarithmic axis keeps labels that it does not draw
        ticks = ax.get_xticklabels() if ax.axison and ax.get_xscale() == "linear" else []
        for text in [*ax.texts, ax.title, ax._left_title, *ticks]:
            if text.get_visible() and text.get_text():
                box = text.get_window_extent()
                assert page.x0 <= box.x0, text
                assert box.x1 <= page.x1, text
                assert page.y0 <= box.y0, text
                assert box.y1 <= page.y1, text
    assert fig.get_figwidth() <= 8
    return True
