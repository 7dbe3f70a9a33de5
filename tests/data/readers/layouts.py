"""Small, whole label layouts that tests write, change and read back."""

from pathlib import Path

from faceinsight.method.characteristics import Vocabulary

FAIRFACE_HEAD = "file,age,gender,race,service_test\n"


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def good(dataset: str, vocabulary: Vocabulary) -> dict[str, str | bytes]:
    """The files of a layout of a few faces that every reader accepts."""
    words = list(vocabulary.named_by(dataset).values())
    if dataset == "celeba":
        rows = [f"00000{i}.jpg" + " -1  1" * (len(words) // 2) for i in (1, 2, 3)]
        return {
            "list_attr_celeba.txt": "\r\n".join(["3", " ".join(words), *rows]) + "\r\n",
            "list_eval_partition.txt": "000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n",
        }
    if dataset == "maad":
        labels = ",".join(["1", "-1", "0"] * 16)[: -len(",0")]
        return {
            "MAAD_Face.csv": f"Filename,Identity,{','.join(words)}\n"
            f"n000002/0001_01.jpg,2,{labels}\n"
            f"n000003/0001_01.jpg,3,{labels}\n"
        }
    if dataset == "fairface":
        return {
            "fairface_label_train.csv": FAIRFACE_HEAD + "train/1.jpg,3-9,Male,East Asian,True\n"
            "train/2.jpg,more than 70,Female,Black,False\n",
            "fairface_label_val.csv": FAIRFACE_HEAD + "val/1.jpg,10-19,Female,Indian,True\n",
        }
    if dataset == "utkface":
        return {
            "UTKFace/25_0_2_20170116174525125.jpg.chip.jpg": b"",
            "UTKFace/110_1_4_20170116174525126.jpg": b"",
        }
    if dataset == "expw":
        return {"label.lst": "a.jpg 0 38 28 142 152 93.9 2\na.jpg 1 -3 5 40 44 50.0 6\n"}
    return {"EmoLabel/list_patition_label.txt": "train_00001.jpg 5\ntest_0001.jpg 7\n"}
