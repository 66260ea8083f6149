"""n-gram models: they sum to one, their files say the same, and so does their graph."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordy import words

from firmware.domain.binary import BYTES_MAX, decode
from firmware.domain.graph import DomainError
from train.domains import arpa
from train.domains.build import build_ngrams, read_words
from train.domains.errors import TextError
from train.domains.ngram import BEGIN, END, NgramModel, estimate, pruned, restricted
from train.domains.sampling import accepted

TEXT = ["one two three", "one two two", "three", "two one", "one two three four", "four four"]
SENTENCES = [line.split() for line in TEXT]


def whole(model, history):
    return math.fsum(math.exp(model.log_probability(word, history)) for word in [*model.vocabulary(), END])


def histories(model):
    return {n[:-1] for n in model.log_probabilities} | {("never", "seen")}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=6), min_size=1, max_size=30),
    st.integers(1, 3),
    st.sampled_from([(), ("x", "a")]),
)
def test_probabilities_sum_to_one_after_every_history(sentences, order, more):
    model = estimate(sentences, order, more)
    for history in histories(model):
        assert whole(model, history) == pytest.approx(1.0, abs=1e-9)
    fewer = pruned(model, len(model.log_probabilities) // 3)
    for history in histories(fewer):
        assert whole(fewer, history) == pytest.approx(1.0, abs=1e-6)


def test_kneser_ney_by_hand():
    """Two sentences: "a b", "a c". Bigrams a b, a c, b </s>, c </s> once, <s> a twice."""
    model = estimate([["a", "b"], ["a", "c"]], 2)
    # Discount 4 / (4 + 2 * 1); unigrams count what stands before: a 1, b 1, c 1, </s> 2: discount 3 / (3 + 2).
    unigram = (1 - 0.6) / 5 + 0.6 * 4 / 5 / 4
    assert math.exp(model.log_probability("b", ())) == pytest.approx(unigram)
    bigram = (1 - 2 / 3) / 2 + 2 / 3 * 2 / 2 * unigram
    assert math.exp(model.log_probability("b", ("a",))) == pytest.approx(bigram)


def test_a_word_of_the_list_may_come_although_no_sentence_has_it():
    model = estimate(SENTENCES, 3, ["five", "one"])
    assert 0 < math.exp(model.log_probability("five", ("one", "two"))) < math.exp(model.log_probability("four", ()))


def test_a_file_says_the_same():
    model = estimate(SENTENCES, 3)
    again, dropped = arpa.read("m.arpa", arpa.write(model).encode())
    assert dropped == []
    assert again.order == 3
    assert again.log_probabilities == pytest.approx(model.log_probabilities, abs=1e-5)
    for sentence in (["one", "two"], ["four", "three"], ["two"] * 5):
        assert again.sentence(sentence) == pytest.approx(model.sentence(sentence), abs=1e-4)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_graph_gives_sentences_the_model_s_probability(order):
    model = estimate(SENTENCES, order)
    built = build_ngrams("m", "m.arpa", arpa.write(model).encode(), None, False)
    for sentence in (["one", "two", "three"], ["four", "three", "one"], ["two"] * 4):
        found = accepted(built.graph, " ".join(sentence))
        # The cheapest path may back off where the model has the n-gram: never dearer.
        assert found.cost <= -model.sentence(sentence) + 1e-4
        assert found.cost == pytest.approx(-model.sentence(sentence), abs=0.3)
    assert accepted(decode(built.binary), "one two three")
    assert accepted(built.graph, "one five") is None


def test_words_restrict_a_model_and_the_rest_sums_to_one():
    model = restricted(estimate(SENTENCES, 3), lambda word: word != "two")
    assert model.vocabulary() == ["four", "one", "three"]
    for history in histories(model):
        assert whole(model, history) == pytest.approx(1.0, abs=1e-6)
    kept = read_words("w.txt", b"one\nthree : TH R IY Z\nnever\n")
    built = build_ngrams("m", "m.arpa", arpa.write(estimate(SENTENCES, 2)).encode(), kept, False)
    assert {word.text: word.pronunciations for word in built.graph.words}["three"] == (("TH", "R", "IY", "Z"),)
    assert "1 words are not in the model: never" in built.warnings[0]
    with pytest.raises(DomainError, match="none of the words"):
        build_ngrams("m", "m.arpa", arpa.write(model).encode(), read_words("w.txt", b"nine"), False)
    with pytest.raises(TextError, match=r"^w.txt:1:1: a word list has one word a line"):
        read_words("w.txt", b"one two")


def test_pruning_keeps_what_matters_most():
    rng = random.Random(1)
    sentences = [["a", "b", "c"]] * 60 + [rng.choices("abcdef", k=4) for _ in range(60)]
    model = estimate(sentences, 3)
    fewer = pruned(model, 30)
    assert sum(len(n) > 1 for n in fewer.log_probabilities) <= 30
    assert (BEGIN, "a", "b") in fewer.log_probabilities
    none = pruned(model, 0)

    def loss(other):
        return sum(model.sentence(s) - other.sentence(s) for s in sentences)

    # Thirty of 200: most of what all of them together are good for.
    assert loss(fewer) < 0.4 * loss(none)


def test_prune_makes_it_fit():
    rng = random.Random(1)
    known = words(700)
    text = arpa.write(estimate([rng.choices(known, k=6) for _ in range(1500)], 2)).encode()
    with pytest.raises(DomainError, match=r"m.arpa: .*at most 65536 fit.*--prune"):
        build_ngrams("m", "m.arpa", text, None, False)
    assert len(build_ngrams("m", "m.arpa", text, None, True).binary) <= BYTES_MAX


def test_what_cannot_be_said_and_the_unknown_are_left_out():
    text = "\\data\\\nngram 1=5\n\n\\1-grams:\n-1 <s>\n-0.5 Hello\n-0.5 </s>\n-0.6 [noise]\n-1 <UNK>\n\\end\\\n"
    built = build_ngrams("m", "m.arpa", text.encode(), None, False)
    assert [word.text for word in built.graph.words] == ["hello"]
    assert any("[noise]" in warning for warning in built.warnings)
    assert any("<unk>" in warning for warning in built.warnings)


HEAD = "\\data\\\nngram 1=2\n\n\\1-grams:\n-0.3 hello\n"
WRONG = {
    "no data": ("hello\n", 2, "no line \\data\\"),
    "cut off": (HEAD + "-0.3 you\n", 7, "no line \\end\\"),
    "a count that is wrong": (HEAD + "\\end\\\n", 2, "there are 1 1-grams"),
    "an order too high": ("\\data\\\nngram 4=2\n", 2, "order 4"),
    "a section without a count": (HEAD + "\\2-grams:\n", 6, "no number of 2-grams"),
    "a line that is none": ("\\data\\\nfive\n", 2, "such as ngram 1=120"),
    "no number": (HEAD + "x you\n", 6, "are numbers"),
    "a probability above one": (HEAD + "0.3 you\n", 6, "at most 0"),
    "no number at all": (HEAD + "nan you\n", 6, "at most 0"),
    "too many words": (HEAD + "-1 you and me\n", 6, "1 words, and at most a back-off"),
    "an n-gram twice": (HEAD + "-0.3 Hello\n", 6, "'hello' is there already"),
}


@pytest.mark.parametrize(("text", "line", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_in_a_file_is_shown_with_its_line(text, line, message):
    with pytest.raises(TextError) as caught:
        arpa.read("m.arpa", text.encode())
    assert message in caught.value.message
    assert str(caught.value).startswith(f"m.arpa:{line}:1: ")


LINES = """\\data\\/ngram 1=1/ngram 2=1/\\1-grams:/\\2-grams:/-1 a/-1 a b/-1 a -2/\\end\\//-inf a/-1 <s>/ngram 0=1/
\\0-grams:/-1e999 b"""


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(LINES.split("/")), max_size=9).map("\n".join))
def test_no_file_ends_in_anything_but_a_model_or_a_sentence(text):
    try:
        model, _ = arpa.read("m.arpa", text.encode())
    except TextError as error:
        assert str(error).startswith("m.arpa:")
    else:
        assert isinstance(model, NgramModel)
