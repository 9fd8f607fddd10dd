"""The page's shortcuts on other keyboards than English ones, as Node.js runs them."""

import json
import shutil
import subprocess

import pytest

PROGRAM = """
import { pathToFileURL } from "node:url";
const [platform, events] = JSON.parse(process.argv[2]);
let press;
globalThis.addEventListener = (kind, what) => (press = what);
globalThis.Element = class {};
globalThis.document = { body: { matches: () => false }, querySelector: () => null };
Object.defineProperty(globalThis, "navigator", { value: { platform } });
const { listen } = await import(pathToFileURL("export/web/js/shortcuts.js"));
let got = null;
listen((action) => (got = action));
console.log(JSON.stringify(events.map(({ altGr, ...event }) => {
  got = null;
  const none = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, target: null };
  const more = { getModifierState: (name) => name === "AltGraph" && altGr, preventDefault() {} };
  press({ ...none, ...more, ...event });
  return got;
})));
"""

CTRL, CMD = {"ctrlKey": True}, {"metaKey": True}
LINUX = [
    ("Russian", {"key": "я", "code": "KeyZ", **CTRL}, "undo"),
    ("Russian, Shift", {"key": "Я", "code": "KeyZ", "shiftKey": True, **CTRL}, "redo"),
    ("Russian", {"key": "у", "code": "KeyE"}, "eraser"),
    ("Russian", {"key": "х", "code": "BracketLeft"}, "thinner"),
    ("Russian", {"key": "ъ", "code": "BracketRight"}, "thicker"),
    ("Greek", {"key": "ρ", "code": "KeyR"}, "rectangle"),
    ("Greek, Caps Lock", {"key": "Λ", "code": "KeyL"}, "lasso"),
    ("Hebrew", {"key": "נ", "code": "KeyB"}, "brush"),
    ("Arabic, two letters", {"key": "لا", "code": "KeyB"}, "brush"),
    ("Arabic digits", {"key": "٠", "code": "Digit0"}, "fit"),
    ("Arabic", {"key": "؟", "code": "Slash", "shiftKey": True}, "help"),
    ("Hindi, a vowel sign", {"key": "\u093f", "code": "KeyF"}, None),
    ("French: the letter counts", {"key": "z", "code": "KeyW", **CTRL}, "undo"),
    ("French: not the place", {"key": "w", "code": "KeyZ", **CTRL}, None),
    ("German: Latin, too", {"key": "ü", "code": "BracketLeft"}, None),
    ("German", {"key": "z", "code": "KeyY", **CTRL}, "undo"),
    ("German, AltGr", {"key": "[", "code": "Digit8", "altGr": True}, "thinner"),
    (
        "German Windows",
        {"key": "]", "code": "Digit9", "altKey": True, "altGr": True} | CTRL,
        "thicker",
    ),
    ("Polish, AltGr", {"key": "ł", "code": "KeyL", "altKey": True, "altGr": True} | CTRL, None),
    ("a menu's", {"key": "b", "code": "KeyB", "altKey": True}, None),
    ("no place", {"key": "я", "code": ""}, None),
    ("a named key", {"key": "Enter", "code": "Enter"}, "run"),
    ("a named key", {"key": "ArrowLeft", "code": "ArrowLeft"}, "left"),
]
MAC = [
    ("German", {"key": "[", "code": "Digit5", "altKey": True}, "thinner"),
    ("German", {"key": "]", "code": "Digit6", "altKey": True}, "thicker"),
    ("Russian", {"key": "я", "code": "KeyZ", **CMD}, "undo"),
    ("Russian, Ctrl", {"key": "я", "code": "KeyZ", **CTRL}, None),
    ("Option types", {"key": "∫", "code": "KeyB", "altKey": True}, None),
]


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")
@pytest.mark.parametrize("platform, cases", [("Linux x86_64", LINUX), ("MacIntel", MAC)])
def test_the_place_counts_where_letters_are_not_latin(root, tmp_path, platform, cases):
    script = tmp_path / "press.mjs"
    script.write_text(PROGRAM)
    given = json.dumps([platform, [event for _, event, _ in cases]])
    done = subprocess.run(["node", script, given], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    wrong = [
        (name, event, one)
        for (name, event, wanted), one in zip(cases, found, strict=True)
        if one != wanted
    ]
    assert wrong == []
