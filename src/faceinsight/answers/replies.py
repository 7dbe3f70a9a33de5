"""A reply as a model writes it, without what is not the answer.

What is taken off, once and before any reader: reasoning ("<think>...</think>"), special tokens
("<|eot_id|>"), role names ("ASSISTANT:"), answer tags ("<answer>"), LaTeX, markdown and JSON around
an answer. Boxes to tick become words.
"""

from __future__ import annotations

import html
import json
import re

_MOST = 20_000
"""No more characters of a reply are looked at; an answer is shorter."""

_UNSEEN = re.compile("[\u200b-\u200d\u2060\ufeff]")
_ESCAPED = re.compile(r"\\r?\\n(?![a-z])|\\n(?![a-z])")
# A model that does not stop writes empty lines; what is sought between them takes its time.
_BLANKS, _LINES = re.compile(r"[^\S\n]{20,}"), re.compile(r"\n(?:[^\S\n]*\n){2,}")
_FLAGS = re.IGNORECASE | re.DOTALL
_THOUGHT = (
    r"(?:think|thinking|thoughts?|thought_process|reason|reasoning|analysis|reflection|scratchpad|"
    r"inner_monologue|seed:think|begin_of_thought|end_of_thought|chain_of_thought|cot)"
)
_OPENED = rf"(?:<\s*\|?{_THOUGHT}\|?\s*>|\[{_THOUGHT}\]|◁{_THOUGHT}▷|<unused94>|<\|channel>)"
_CLOSED = (
    rf"(?:<\s*/\s*\|?{_THOUGHT}\|?\s*>|\[/{_THOUGHT}\]|◁/{_THOUGHT}▷|<\|/{_THOUGHT}\|>"
    r"|<\|end_of_thought\|>|<unused95>|<channel\|>)"
)
_TO_THE_LAST_CLOSED = re.compile(rf"\A.*{_CLOSED}", _FLAGS)
_UNCLOSED = re.compile(_OPENED, _FLAGS)
# GPT-OSS's channels, also without their special tokens: "analysisHe ...assistantfinalNo".
_BARE_CHANNEL = r"\A\s*(?:assistant\s*)?(?:analysis|commentary)(?=\s*[A-Z]|[a-z]|\s*\n|\s*\Z).*"
_FINAL_CHANNEL = re.compile(
    r"\A.*<\|channel\|>\s*final\s*(?:<\|[^|]*\|>[^<]*)*<\|message\|>|\A.*assistantfinal"
    rf"|{_BARE_CHANNEL}\bassistant\s+final\b|\A\s*final(?=[A-Z])",
    re.DOTALL,
)
_OTHER_CHANNEL = re.compile(rf"<\|channel\|>.*|{_BARE_CHANNEL}", re.DOTALL)

_ANSWER_TAG = (
    r"[<\[]\s*\|?/?(?:final_answer|answer|final|solution|response|output|result|begin_of_solution|"
    r"end_of_solution|begin_of_box|end_of_box)\|?\s*[>\]]"
)
_LAST_ANSWER = re.compile(rf".*{_ANSWER_TAG.replace('/?', '')}(?=\s*\w)(.*)", _FLAGS)
_TURN_ENDS = re.compile(
    r"<\|(?:im_end|eot_id|end|endoftext|end_of_text|eom_id|return|end_of_turn|eos|end▁of▁sentence)"
    r"\|>|<｜[^｜]*end[^｜]*｜>|</s>|<end_of_turn>|<eos>|<end_of_utterance>|<\|?user\|?>",
    re.IGNORECASE,
)
_ASSISTANT = r"(?:assistant|model|bot|ai|gpt|chatgpt|llava|response)"
_LAST_TURN = re.compile(
    rf"\A.*(?:(?:<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>|<\|start\|>)\s*{_ASSISTANT}"
    r"|<\|assistant\|>|\[/INST\]"
    rf"|(?:^|[\n>]|(?<=[.?!]\s))\s*(?:###\s*|\*\*)?(?:GPT4 Correct )?{_ASSISTANT}\s*:(?:\*\*)?)",
    _FLAGS,
)
_HEADED = re.compile(rf"\s*{_ASSISTANT}\s*\n", re.IGNORECASE)
_USER = re.compile(r"(?:\n\s*(?:###\s*)?|###\s*)(?:user|human|question|instruction)\s*:.*", _FLAGS)
_SPECIAL = re.compile(
    r"<\|[^|<>\n]{0,40}\|>|<｜[^｜<>\n]{0,40}｜>|</?[A-Za-z][\w:.-]{0,40}\s*/?>|</?[A-Za-z_|]*$"
    r"|<0x[0-9A-F]{2}>|\[/?INST\]|<</?SYS>>|\[(?:BOS|EOS|PAD|UNK|SEP|CLS|IMG|END)\]"
)
_CALLS_FOR_BOX = re.compile(r"\\(?:boxed|fbox|framebox)\s*\{")
_LATEX = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|rm|bf|operatorname)\b\s*")
_MATHS = re.compile(r"\$+|\\[()\[\]]|\\(?:quad|,|;|!)|(?<=\w)\\\\|[{}](?=\s*$)")
_FENCE = re.compile(r"^\s*```\w*\s*$|```(?:json|text)?", re.MULTILINE)
_STRUCK = re.compile(r"~~.*?~~|<(del|strike)>.*?</\1>", _FLAGS)
_EMPHASIS = re.compile(
    r"\*{2,3}|__(?=\w)|(?<=\w)__|(?<![\w`])`|`(?![\w`])|(?<!\w)\*(?=\w)|(?<=\w)\*"
)
_HEADING = re.compile(
    r"^[ \t]*#+[ \t]*(?:final[ \t]+)?(?:answer|response|reply|output|result)?[ \t]*:?[ \t]*#*"
    r"[ \t]*(?=\n|\S|$)",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_APPLICABLE = re.compile(r"\W*(?:n\s*/\s*a|n\.a\.?|not applicable)\W*", re.IGNORECASE)

_EMPTY = "☐🔲⬜◯○❌✗✘✖"
_SIGN = rf"(?:\[[ xX✓✔-]?\]|\([ xX✓✔]?\)|[{_EMPTY}☑☒🗹✅✓✔]\ufe0f?)"
_BOX = re.compile(
    rf"^[ \t|]*+(?:[-*•+][ \t]+|\d+[.)][ \t]*)?(?:(?P<box>{_SIGN})[ \t]*+(?P<of>[^\n]*[^\s|])"
    rf"|(?P<key>[^\n|:]*[\w)])[ \t]*+[|:–-]?[ \t]*+(?P<after>{_SIGN}))[ \t|]*$",
    re.MULTILINE,
)
# Where a line with several boxes is cut: before each if it begins with one, else behind each.
_BEFORE_BOX, _BEHIND_BOX = (
    re.compile(rf"[ \t,;|]+(?={_SIGN})"),
    re.compile(rf"({_SIGN})[ \t,;|]*(?=\w)"),
)
_OPTION = re.compile(r"\(?[A-Z][).:](?:\s|$)|(?:yes|no)\W*$", re.IGNORECASE)

_KEYS = (
    *("yes_no", "yes_or_no", "final_answer", "answer", "final", "choice", "response"),
    *("prediction", "result", "output", "option", "letter"),
)
_DEEPEST = 3
"""An answer stands in no more objects than that."""

_CUT_JSON = re.compile(rf'\{{\s*"(?:{"|".join(_KEYS)})"\s*:\s*"?([^"}}]*)', re.IGNORECASE)

_CORRECTION = re.compile(
    r"(?:^|[.!?,;:…\n()–—-])\s*(?:\b(?:but|oh|hm+|ah|no|and|so|or)\b[\s,.…-]*)?"
    r"(?:wait|actually|on second thoughts?|on reflection|(?:a )?correction|scratch that|rather"
    r"|let me (?:correct|re\w+|look)[^.:,\n]{0,40}|i (?:made a mistake|was wrong|stand corrected)"
    r"|(?:my |the )?(?:final|correct(?:ed)?|revised) answer(?: is| would be)?"
    r"|(?:the |my )?answer(?= ?:)|(?:i am |i'm )?sorry|oops|my mistake|i mean|i meant"
    r"|i(?: would|'d)? (?:choose|select|pick|go with))"
    r"[\s,.:…!—–-]+",
    re.IGNORECASE,
)


def spoken(reply: str) -> str:
    """What a reply says, without the form that a model or its server gives it.

    Returns:
        The answer; empty where a reply is cut off within its reasoning, even after an answer, or
        holds tokens alone.
    """
    text = _UNSEEN.sub("", html.unescape(reply[:_MOST]))
    text = _LINES.sub("\n\n", _BLANKS.sub(" ", _ESCAPED.sub("\n", text)))
    text = _FINAL_CHANNEL.sub("", text)
    text = _OTHER_CHANNEL.sub("", text)
    text = _TO_THE_LAST_CLOSED.sub("", text)
    if _UNCLOSED.search(text):
        return ""
    text = _STRUCK.sub("", text)
    text = _LAST_TURN.sub("", text, count=1)
    text = _before(text.lstrip(), _TURN_ENDS)
    text = _USER.sub("", text)
    if answer := _LAST_ANSWER.fullmatch(text):
        text = re.split(_ANSWER_TAG, answer[1], maxsplit=1, flags=_FLAGS)[0]
    text = _SPECIAL.sub(" ", text)
    text = _HEADED.sub("", text, count=1) if _HEADED.match(text) else text
    text = _of_json(_FENCE.sub("", text))
    text = _MATHS.sub("", _boxed(_LATEX.sub("", text)))
    text = _EMPHASIS.sub("", text)
    text = _ticked(_HEADING.sub("", text)).strip()
    return "" if _NOT_APPLICABLE.fullmatch(text) else text


def corrections(text: str) -> list[str]:
    """A text's last words after "wait", "actually", "final answer:", and earlier ones; last first.

    Returns:
        Ends of the text that take something back or settle it; empty where nothing does.
    """
    ends = [text[found.end() :].strip() for found in _CORRECTION.finditer(text)]
    return [end for end in reversed(ends) if any(c.isalnum() for c in end)]


def _before(text: str, mark: re.Pattern[str]) -> str:
    """A text up to the first mark that something stands before."""
    for found in mark.finditer(text):
        if _SPECIAL.sub("", text[: found.start()]).strip():
            return text[: found.start()]
    return text


def _boxed(text: str) -> str:
    """What stands in the last box of LaTeX, or the text if there is none."""
    calls = list(_CALLS_FOR_BOX.finditer(text))
    if not calls:
        return text
    inner = text[calls[-1].end() :]
    depth = 1
    for place, letter in enumerate(inner):
        depth += (letter == "{") - (letter == "}")
        if not depth:
            return inner[:place].strip("{} ")
    return inner.strip("{} ")


def _of_json(text: str) -> str:
    """The answer of a JSON object that has one; any other text as it is."""
    whole = text.strip()
    if not whole.startswith(("{", '"', "[")):
        return text
    try:
        read = json.loads(whole)
    except (ValueError, RecursionError):
        cut = _CUT_JSON.match(whole)
        return cut[1] if cut else text
    for _ in range(_DEEPEST):
        if isinstance(read, list) and len(read) == 1:
            (read,) = read
        if isinstance(read, dict):
            by_key = {str(key).strip().lower().replace(" ", "_"): read[key] for key in read}
            read = next((by_key[key] for key in _KEYS if key in by_key), read)
    if isinstance(read, bool):
        return "Yes" if read else "No"
    if isinstance(read, list) and all(isinstance(item, str) for item in read):
        return ", ".join(read)
    return str(read) if isinstance(read, str | int | float) else text


def _ticked(text: str) -> str:
    """ "- [ ] Bald" is "Bald: no"; of options only those that are ticked are left."""
    text = re.sub(rf"^.*{_SIGN}.*{_SIGN}.*$", _one_a_line, text, flags=re.MULTILINE)
    alone = len(_BOX.findall(text)) == 1

    def said(box: re.Match[str]) -> str:
        mark = (box["box"] or box["after"]).strip("[]() \ufe0f-")
        of = box["of"] or box["key"]
        empty = not mark or mark in _EMPTY
        if _OPTION.match(of):
            # "❌ No" is a no.
            return "" if empty and not (alone and of.strip(".! ").lower() == "no") else of
        return f"{of.rstrip('.:;,')}: {'no' if empty else 'yes'}"

    return _BOX.sub(said, text)


def _one_a_line(several: re.Match[str]) -> str:
    line = several[0].strip(" \t|")
    if re.match(rf"(?:[-*•+]\s+|\d+[.)]\s*)?{_SIGN}", line):
        return _BEFORE_BOX.sub("\n", line)
    return _BEHIND_BOX.sub(r"\1\n", line)
