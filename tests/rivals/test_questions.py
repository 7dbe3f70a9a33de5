"""What is asked: every task of every data set, in words that a model can know."""

import pytest

from faceinsight.errors import ParameterError
from faceinsight.rivals.questions import questions_of, spellings
from tests.rivals.making import configured


def test_every_attribute_has_a_question_of_its_own(vocabulary):
    questions = questions_of(vocabulary, "celeba", configured().questions)
    (task,) = vocabulary.tasks("celeba")
    assert [q.members for q in questions] == [(member,) for member in task.members]
    assert questions[0].text == "Is this a face with a five o'clock shadow? Answer with yes or no."
    assert {q.options for q in questions} == {("yes", "no")}
    assert len({q.key for q in questions}) == 40


def test_or_one_question_asks_for_all(vocabulary):
    settings = configured(questions__attributes="list").questions
    (question,) = questions_of(vocabulary, "celeba", settings)
    assert question.text.startswith("Analyze the facial features in this image.")
    assert "5 o Clock Shadow, Arched Eyebrows, Attractive" in question.text
    assert question.members == vocabulary.tasks("celeba")[0].members
    assert question.max_tokens == 512


def test_classes_are_in_the_data_sets_words(vocabulary):
    age, gender, race = questions_of(vocabulary, "fairface", configured().questions)
    assert age.text == (
        "How old is the person in this image?\nA. 0-2\nB. 3-9\nC. 10-19\nD. 20-29\nE. 30-39\n"
        "F. 40-49\nG. 50-59\nH. 60-69\nI. more than 70\n"
        "Answer with the option's letter from the given choices directly."
    )
    assert gender.words == ("Male", "Female")
    assert race.words[2:5] == ("Latino Hispanic", "East Asian", "Southeast Asian")
    assert race.options == tuple("ABCDEFG")


@pytest.mark.parametrize("dataset", ["utkface", "expw", "rafdb"])
def test_nobody_is_asked_for_a_number_that_means_a_class(vocabulary, dataset):
    for question in questions_of(vocabulary, dataset, configured().questions):
        assert not any(word.isdigit() for word in question.words)


def test_every_task_of_every_data_set_is_asked(vocabulary):
    for dataset in vocabulary.datasets:
        questions = questions_of(vocabulary, dataset, configured().questions)
        asked = [m for question in questions for m in question.members]
        assert sorted(asked) == sorted(m for t in vocabulary.tasks(dataset) for m in t.members)


def test_a_number_without_a_word_is_named(vocabulary):
    settings = configured(questions__words={}).questions
    with pytest.raises(ParameterError, match="no word for 'Male', which utkface calls '0'"):
        questions_of(vocabulary, "utkface", settings)


def test_a_task_without_a_question_is_named(vocabulary):
    settings = configured(questions__choice={"gender": "What?"}).questions
    with pytest.raises(ParameterError, match="task 'age'"):
        questions_of(vocabulary, "fairface", settings)


def test_the_key_is_what_is_asked(vocabulary):
    def keys(**changes):
        of = questions_of(vocabulary, "fairface", configured(**changes).questions)
        return [question.key for question in of]

    first, second, third = keys()
    changed = keys(questions__choice__age="Which age?")
    assert changed[0] != first
    assert changed[1:] == [second, third]
    longer = keys(questions__max_tokens={"each": 16, "list": 512, "choice": 17})
    assert not {first, second, third} & set(longer)


def test_spellings():
    assert spellings("yes") == ("yes", "Yes", "YES")
    assert spellings("A") == ("A",)
