"""Figures that move in JupyterLab: a slider, and one panel of the lesson's figure drawn anew.

They need a running kernel; a page shows the row of panels of `figures` in their place, and loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from evaluation.language import LANGUAGES, Language, Text, text
from evaluation.publishing.exhibits import Figure, to_svg
from evaluation.reporting.pages.html import data_uri
from evaluation_course import figures
from evaluation_course.data import LessonData

DRAWS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 9999)


def parallel_trends(data: LessonData, languages: Iterable[Language] = LANGUAGES) -> Any:
    """Move how much the treated would have grown anyway, and see what remains of the effect."""
    reach = round(1.5 * abs(figures.did_estimate(data).estimate), 2)
    steps = [round(-reach + step * reach / 20, 3) for step in range(41)]
    words = text("Crescita propria del centro trattato", "Growth of the treated centre's own")
    return _slider(words, steps, 0.0, lambda gap, code: figures.parallel_trends(data, [gap], code), languages)


def permutation(data: LessonData, languages: Iterable[Language] = LANGUAGES) -> Any:
    """Shuffle the labels of the centres ever more often, and see chance take its shape."""
    words = text("Rimescolamenti", "Shuffles")
    return _slider(words, DRAWS, DRAWS[0], lambda draws, code: figures.permutation(data, [draws], code), languages)


def two_centre_shock(data: LessonData, languages: Iterable[Language] = LANGUAGES) -> Any:
    """Let an event that moves whole centres grow, and see the estimate drown in what two centres may do by themselves."""
    reach = 2 * figures.two_centre_of(data).shock_sd
    steps = [round(step * reach / 40, 4) for step in range(41)]
    words = text("DS dell'evento di un centro", "SD of a centre's event")
    return _slider(words, steps, 0.0, lambda shock, code: figures.two_centres(data, [shock], code), languages)


def _slider(
    words: Text, steps: Iterable[Any], start: Any, draw: Callable[[Any, Language], Figure], languages: Iterable[Language]
) -> Any:  # fmt: skip
    """Return a slider above a figure, in the first of the languages; the figure says in words what it shows."""
    import ipywidgets  # type: ignore[import-untyped]

    language = next(iter(languages))
    slider = ipywidgets.SelectionSlider(
        options=list(steps), value=start, description=words[language], continuous_update=False,
        style={"description_width": "initial"}, layout={"width": "36em"},
    )  # fmt: skip
    view = ipywidgets.HTML(_image(draw(start, language)))
    slider.observe(lambda change: setattr(view, "value", _image(draw(change["new"], language))), "value")
    return ipywidgets.VBox([slider, view])


def _image(figure: Figure) -> str:
    return f'<img alt="{escape(figure.alt, quote=True)}" src="{data_uri(to_svg(figure.figure))}">'
