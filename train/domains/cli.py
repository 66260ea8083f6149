"""The commands `train domain` and `train ngram`. They need neither PyTorch nor TensorFlow."""

from __future__ import annotations

import json
import random
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from train.domains.build import Built


def domain(  # noqa: PLR0917 - typer calls it
    file: Annotated[Path, typer.Argument(help="A text of phrases, an ARPA model, or a compiled .domain to look at.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The .domain to write.")] = None,
    name: Annotated[str | None, typer.Option(help="What the board calls it; by default the file's name.")] = None,
    words: Annotated[
        Path | None, typer.Option(help="ARPA only: words to keep, one a line, also as `word : W ER D`.")
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="ARPA only: drop the n-grams that matter least until it fits 64 KiB.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Print what it is made of, and the bytes of each part.")
    ] = False,
    sample: Annotated[int, typer.Option(min=0, help="Print so many random sentences of it, with their slots.")] = 0,
    seed: Annotated[int, typer.Option(help="Of --sample.")] = 1,
    accepts: Annotated[
        str | None, typer.Option(metavar="SENTENCE", help="Is it in the domain? With its slots; exit code 1 if not.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Compile what the board shall understand: a text of phrases, or an ARPA n-gram model, to a .domain file.

    A line of the text is a phrase: take me to {to:city}. A list: <city> = paris | london. train/DOMAINS.md
    describes it all. No training is needed. Words that the dictionary lacks are guessed, with a warning that shows the
    guess. Without -o nothing is written.
    """
    from train.domains.report import facts, sentence_fact, sentence_lines, show, summary
    from train.domains.sampling import accepted, sentences

    if out and out.resolve() == file.resolve():
        raise ValueError(f"{out} is the text itself; name another file by -o, as in {file.stem}.domain")
    built = _build(file, name or file.stem, words, prune)
    if not as_json:
        for warning in built.warnings:
            print(warning, file=sys.stderr)
    if out:
        out.write_bytes(built.binary)
    samples = list(islice(sentences(built.graph, random.Random(seed)), sample))
    found = accepted(built.graph, accepts) if accepts is not None else None
    if as_json:
        document: dict[str, Any] = {"file": str(file), **facts(built), "warnings": list(built.warnings)}
        if out:
            document["written"] = str(out)
        if sample:
            document["samples"] = [sentence_fact(sentence) for sentence in samples]
        if accepts is not None:
            answer = sentence_fact(found) if found else {"text": accepts, "slots": []}
            document["accepts"] = {"accepted": found is not None, **answer}
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        if check:
            show(facts(built))
        for line in sentence_lines(samples):
            print(line)
        if accepts is not None:
            print(*(sentence_lines([found]) if found else [f"not in the domain: {accepts}"]))
        if out:
            print(f"{out}: {summary(facts(built))}")
        elif not (check or sample or accepts is not None):
            print(f"{summary(facts(built))}; nothing written (give -o)")
    if accepts is not None and found is None:
        raise typer.Exit(1)


def _build(file: Path, name: str, words: Path | None, prune: bool) -> Built:
    from firmware.domain.binary import MAGIC, decode
    from train.domains.build import Built, build_ngrams, build_text, read_words

    data = file.read_bytes()
    is_model = file.suffix.lower() in (".arpa", ".lm") or data.removeprefix(b"\xef\xbb\xbf").lstrip()[:6] == b"\\data\\"
    if not is_model and (words or prune):
        raise ValueError(f"{file} is no ARPA model: --words and --prune are for those (their names end in .arpa)")
    if data[:4] == MAGIC:
        return Built(decode(data), data, 0, ())
    if is_model:
        kept = read_words(str(words), words.read_bytes()) if words else None
        return build_ngrams(name, str(file), data, kept, prune)
    return build_text(name, str(file), data)


def ngram(  # noqa: PLR0917 - typer calls it
    texts: Annotated[list[Path] | None, typer.Argument(help="Text files, a sentence a line.")] = None,
    corpus: Annotated[
        str | None, typer.Option(help="Take the transcripts of this corpus (of EARSHOT_DATA), too.")
    ] = None,
    split: Annotated[list[str] | None, typer.Option(help="Splits of the corpus; by default train.")] = None,
    words: Annotated[
        Path | None, typer.Option(help="A list of words, one a line, that may come although no sentence has them.")
    ] = None,
    order: Annotated[int, typer.Option(min=1, max=3, help="Words of the longest n-grams.")] = 3,
    out: Annotated[Path, typer.Option("-o", "--out", help="The ARPA file to write.")] = Path("model.arpa"),
) -> None:
    """Make an ARPA n-gram model from transcripts, by interpolated Kneser-Ney smoothing. Then: train domain model.arpa

    Case and punctuation do not count; what cannot be said, such as 5 %, is an error that names the line.
    """
    from train.domains import arpa
    from train.domains.build import read_words
    from train.domains.ngram import estimate
    from train.domains.transcripts import read_text, spelled

    rows: list[list[str]] = []
    for text in texts or []:
        rows += read_text(str(text), text.read_bytes())
    if corpus:
        from train.corpora import clips

        rows += [
            row
            for number, clip in enumerate(clips(corpus, split or ["train"]), start=1)
            if (row := spelled(clip.text, f"clip {number} of corpus {corpus} ({clip.path.name})"))
        ]
    elif split:
        raise ValueError("--split goes with --corpus; name one")
    if not rows:
        raise ValueError("there is no sentence; give text files with one a line, or --corpus with transcripts")
    more = read_words(str(words), words.read_bytes()).words if words else ()
    model = estimate(rows, order, more)
    out.write_text(arpa.write(model), encoding="utf-8")
    sizes = ", ".join(
        f"{sum(len(n) == size for n in model.log_probabilities)} {size}-grams" for size in range(1, order + 1)
    )
    print(f"{out}: {sizes}, of {len(rows)} sentences")
