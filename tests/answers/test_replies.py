"""Replies of models: their form is taken off, and what is no answer is not read as one."""

import pytest

from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question, yes_no_question
from faceinsight.answers.replies import spoken
from faceinsight.rivals.facexbench.scoring import option_letter


@pytest.mark.parametrize(
    "reply",
    [
        "<think>He may. Yes, he is bald.</think>\n\nNo",
        "He may. Yes.</think>No",
        "[THINK]yes[/THINK]No",
        "<reasoning>yes</reasoning><answer>No</answer>",
        "<|begin_of_thought|>yes<|end_of_thought|><|begin_of_solution|>No<|end_of_solution|>",
        "<|channel|>analysis<|message|>yes<|end|><|start|>assistant<|channel|>final<|message|>No",
        "<answer>No</answer>",
        "<answer>No",
        "No</s>",
        "No<|eot_id|>",
        "No<end_of_turn>",
        "No<|im_end|>\n<|im_start|>user\nIs he sure?",
        "<|im_start|>assistant\nNo<|im_end|>",
        "[INST] Is he bald? [/INST] No",
        "ASSISTANT: No",
        "USER: Is he bald? ASSISTANT: No",
        "model\nNo",
        r"\boxed{No}",
        r"$\boxed{\text{No}}$",
        "**No**",
        "`No`",
        "## Answer\nNo",
        '{"answer": "No"}',
        '```json\n{"answer": "No", "reason": "yes"}\n```',
        '{"answer": "No',
        "- [ ] Yes\n- [x] No",
        "analysisThe user asks. Yes?assistantfinalNo",
        "analysis\nWe look.\nassistantfinal\nNo",
        "assistantanalysisHm.assistantcommentaryYes.assistantfinalNo",
        "analysis We look. assistant final No",
        "finalNo",
        "<|channel>thought\nyes<channel|>No",
        "<unused94>thought\nyes<unused95>No",
        "[ANSWER]No[/ANSWER]",
        "~~Yes~~ No",
        "<del>Yes</del> No",
        "***No***",
        "&lt;answer&gt;No&lt;/answer&gt;",
        "\ufeffNo",
        "GPT4 Correct Assistant: No",
        "No### Human: and now?",
        "<0x0A>No",
        '{"result": {"answer": "No"}}',
        '{"option": "No"}',
        r"No\n\n",
        "❌ No",
        "❌ Yes\n✅ No",
    ],
)
def test_the_form_of_a_reply_is_taken_off(reply):
    assert spoken(reply) == "No"


@pytest.mark.parametrize(
    "reply",
    [
        *("<think>", "<think>Yes, he", "<image>", "N/A", "</s>", "", "No <think>but", "~~Yes~~"),
        *("analysisWe need to", "analysis", "<|channel|>analysis<|message|>No", "No<reasoning>Hm"),
    ],
)
def test_a_reply_without_an_answer_is_empty(reply):
    assert spoken(reply) == ""


@pytest.mark.parametrize(
    "reply",
    [
        *("The image", "This is a face", "Maybe", "yes or no", "Yes/No", "Certainly! In the image"),
        *("She is", "The person is", "I do not", "Not sure", "I cannot say", "N/A", "Neither"),
        *(
            "Okay.",
            "Sure, let me look",
            "So",
            "Of course! Here is what I see:",
            "Definitely maybe.",
        ),
        *("yes\nno", "No\nYes", "Yes No", "Yes, no.", "Yes | No", "Answer yes or no.", "Yes?"),
        *("I'm not sure he does.", "No one.", "No problem!", "It appears", "I doubt"),
        *("No way to tell.", "No idea.", "Nothing I can say."),
        *("Yes, he is not.", "No, the man is.", "The man is", "The answer is", "In this image,"),
        "No, the person does not seem to wear a mustache.",
        "No. The person does not seem to wear a hat.",
        "Yes, the person appears to be smiling.",
    ],
)
def test_what_says_nothing_of_glasses_is_no_answer(
    reply: str, parser: AnswerParser, lexicon: Lexicon
):
    asked = yes_no_question("Eyeglasses", lexicon)
    assert "Eyeglasses" not in parser.parse(reply, asked).labels


@pytest.mark.parametrize(
    ("reply", "present"),
    [
        *[(yes, True) for yes in ("Yes.", "She does.", "I think so", "Definitely", "I'd say yes")],
        *[(no, False) for no in ("No", "She does not.", "Certainly not.", "I would say no")],
        *[(yes, True) for yes in ("Sure, he does.", "Certainly, yes", "Of course she does.")],
        *[(yes, True) for yes in ("The person in the image does.", "Yes, the young man is.")],
        *[
            (yes, True)
            for yes in ("It looks like it.", "Present.", "Oh yes.", "True", "Result: yes")
        ],
        *[(yes, True) for yes in ("She is wearing them.", "Based on the image, she does.")],
        *[(yes, True) for yes in ("As far as I can tell, yes", "Without a doubt.")],
        *[(no, False) for no in ("Of course not.", "Unfortunately not.", "Not that I can see.")],
        *[
            (no, False)
            for no in ("The person in the image does not.", "That is incorrect.", "No way")
        ],
        *[(no, False) for no in ("No, the young man is not.", "No No No", "There aren't any.")],
        *[
            (no, False)
            for no in ("I don't see any.", "It doesn't look like it.", "So, no.", "[No]")
        ],
        *[
            (no, False)
            for no in ('{"is_wearing_glasses": "no"}', '{"yes_no": "No"}', "Verdict: no")
        ],
        *[(yes, True) for yes in ("Sure does.", "Most likely.", "Without question.", "Quite so.")],
        *[(no, False) for no in ("Nothing of the sort.", "By no means.", "Not a chance.")],
        *[(no, False) for no in ("Nothing at all.", "Far from it.", "Unlikely.", "Surely not.")],
        ("No, she is not wearing glasses", False),
        ("No. She is young.", False),
        ("Yes, the woman wears glasses and a hat", True),
        ("Yes. Wait, no.", False),
        ("No... final answer: yes", True),
    ],
)
def test_what_answers_is_read(reply: str, present: bool, parser: AnswerParser, lexicon: Lexicon):
    asked = yes_no_question("Eyeglasses", lexicon)
    assert parser.parse(reply, asked).labels["Eyeglasses"] is present


@pytest.mark.parametrize(
    ("id_", "reply", "present"),
    [
        ("Young", "Yes, he appears to be in his twenties.", True),
        ("Young", "No, she seems to be middle-aged.", False),
        ("Smiling", "No, the expression is neutral.", False),
        ("No_Beard", "Yes, no beard.", True),
        ("Goatee", "No, he has a full beard.", False),
        ("Male", "Yes, he is.", True),
    ],
)
def test_what_follows_may_say_it_in_other_words(
    id_: str, reply: str, present: bool, parser: AnswerParser, lexicon: Lexicon
):
    assert parser.parse(reply, yes_no_question(id_, lexicon)).labels[id_] is present


@pytest.mark.parametrize(
    ("id_", "reply", "present"),
    [
        ("Mouth_Slightly_Open", "No, the eyes are closed", None),
        ("Mouth_Slightly_Open", "Yes, the eyes are open.", None),
        ("Mouth_Slightly_Open", "The jacket is open.", None),
        ("Mouth_Slightly_Open", "No, the window is shut.", None),
        ("Mouth_Slightly_Open", "Eyes: closed", None),
        ("Mouth_Slightly_Open", "Eyes: open\nMouth: closed", False),
        ("Mouth_Slightly_Open", "Eyes closed, mouth open.", True),
        ("Mouth_Slightly_Open", "No, it is closed.", False),
        ("Mouth_Slightly_Open", "No, his lips are closed.", False),
        ("Bushy_Eyebrows", "He has bushy hair", None),
        ("Bushy_Eyebrows", "Yes, he has bushy hair.", None),
        ("Bushy_Eyebrows", "The hair is bushy.", None),
        ("Bushy_Eyebrows", "He has bushy, thick hair.", None),
        ("Bushy_Eyebrows", "Beard: thick", None),
        ("Bushy_Eyebrows", "Yes, bushy ones.", True),
        ("Bushy_Eyebrows", "He has bushy hair and eyebrows.", True),
        ("Black_Hair", "Her eyes are black.", None),
        ("Black_Hair", "He wears black.", None),
        ("Black_Hair", "Yes, black eyebrows.", None),
        ("Black_Hair", "Hair black, eyes brown.", True),
        ("Big_Nose", "No, the mouth is small.", None),
        ("Big_Nose", "The ears are big.", None),
        ("Oval_Face", "The glasses are round.", None),
        ("Wavy_Hair", "The beard is wavy.", None),
        ("Eyeglasses", "No; the individual has no facial hair.", None),
    ],
)
def test_what_is_said_of_something_else_is_no_answer(
    id_: str, reply: str, present: bool | None, parser: AnswerParser, lexicon: Lexicon
):
    assert parser.parse(reply, yes_no_question(id_, lexicon)).labels.get(id_) is present


def test_another_color_answers_for_the_asked_one(parser: AnswerParser, lexicon: Lexicon):
    asked = yes_no_question("Black_Hair", lexicon)
    assert parser.parse("No, she has blond hair.", asked).labels["Black_Hair"] is False


@pytest.mark.parametrize(
    ("reply", "present"),
    [
        *[(f"{box} Bald", False) for box in ("- [ ]", "☐", "( )", "⬜", "✖️", "[-]")],
        *[(f"{box} Bald", True) for box in ("- [x]", "☑", "(x)", "✔️", "* [X]")],
        *[(f"Bald{box}", False) for box in (" [ ]", " ☐", " ❌", ": [ ]", " | [ ] |", " [no]")],
        *[(f"Bald{box}", True) for box in (": [x]", " ✅", " (x)")],
        ("Hat ❌ Bald ✅", True),
        ("Hat: ✅, Bald: ❌", False),
        ("[x] Hat [ ] Bald", False),
        ("☐ Hat ☑ Bald", True),
    ],
)
def test_a_box_says_whether_it_is_ticked(reply: str, present: bool, parser: AnswerParser):
    assert parser.parse(reply).labels["Bald"] is present


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("A. Male / B. Female", None),
        ("A. Male\nB. Female\n\nB", "B"),
        ("ANSWER: A ... actually, ANSWER: B", "B"),
        ("I would say B", "B"),
        ("(B) is the best choice.", "B"),
        ("Definitely B", "B"),
        (r"\boxed{B}", "B"),
        ("<think>A</think>B</s>", "B"),
        ("- [ ] A. Male\n- [x] B. Female", "B"),
        ("Neither", None),
    ],
)
def test_the_last_explicit_choice_counts(reply: str, letter: str | None, parser: AnswerParser):
    offered = {"A": "Male", "B": "Female"}
    asked = Question("What is the gender?", ("Male", "Female"), "group")
    held = {id_ for id_, of in parser.parse(reply, asked, offered).labels.items() if of}
    assert held & {"Male", "Female"} == ({offered[letter]} if letter else set())
    assert option_letter(reply, ("Male", "Female")) == letter


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        *[
            (f"A. Male{no}\nB. Female{yes}", "B")
            for no, yes in ((" ❌", " ✅"), (" - no", " - yes"))
        ],
        ('{"A": false, "B": true}', "B"),
        ("Could be A. Could be B.", None),
        ("It isn't B.", None),
        ("A rather than B.", "A"),
        ("A, not B.", "A"),
        *[(f"B {why} the hair", "B") for why in ("because of", "given", "due to", "based on")],
        ("It's B because of the lipstick", "B"),
        ("B since she has long hair", "B"),
        ("B - the person wears lipstick", "B"),
        ("B, I think", "B"),
        ("B for sure", "B"),
    ],
)
def test_a_letter_with_its_reason_counts_and_one_that_is_denied_does_not(
    reply: str, letter: str | None, parser: AnswerParser
):
    offered = {"A": "Male", "B": "Female"}
    asked = Question("What is the gender?", ("Male", "Female"), "group")
    held = {id_ for id_, of in parser.parse(reply, asked, offered).labels.items() if of}
    assert held & {"Male", "Female"} == ({offered[letter]} if letter else set())
