//! What a user does, as the browser gets it from a mouse and a keyboard: no event is made by script.

use serde_json::{Value, json};

use crate::page::{Page, quoted};

const CONTROL: u32 = 2;
const SHIFT: u32 = 8;

impl Page {
    /// Clicks at the middle of the first element that the selector finds. Waits until a user could: it is there, enabled,
    /// stands still, and nothing covers it.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let (x, y) = self.place(selector);
        for (kind, buttons) in [("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({ "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1 });
            self.must("Input.dispatchMouseEvent", event);
        }
    }

    /// Clicks into a field and puts text where the click set the caret, as an input method does: with an `input` event,
    /// without keys.
    #[track_caller]
    pub fn type_text(&self, selector: &str, text: &str) {
        self.focus(selector);
        self.must("Input.insertText", json!({ "text": text }));
    }

    /// The same in place of what the field has.
    #[track_caller]
    pub fn retype(&self, selector: &str, text: &str) {
        self.focus(selector);
        self.key("Control+a");
        // No text replaces no selection.
        self.key("Delete");
        self.must("Input.insertText", json!({ "text": text }));
    }

    /// Presses and releases a key: "Tab", "Shift+Tab", "Enter", "Escape", "Space", "ArrowDown", "Control+a", "7".
    #[track_caller]
    pub fn key(&self, name: &str) {
        let (name, modifiers) = without_modifiers(name);
        let (key, code, number, text) = known_key(name).unwrap_or_else(|| panic!("no key {name}"));
        let mut event = json!({
            "key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers, "type": "rawKeyDown",
        });
        // A key that writes something is another event; with Control it writes nothing.
        if modifiers & CONTROL == 0 && !text.is_empty() {
            event["type"] = "keyDown".into();
            event["text"] = text.into();
        }
        self.must("Input.dispatchKeyEvent", event.clone());
        event["type"] = "keyUp".into();
        event.as_object_mut().unwrap().remove("text");
        self.must("Input.dispatchKeyEvent", event);
    }

    /// Chooses an option of a `select` by its value, with the keyboard: a list that opens is no part of the page.
    #[track_caller]
    pub fn choose(&self, selector: &str, value: &str) {
        let element = format!("document.querySelector({})", quoted(selector));
        self.eval(&format!("{element}.focus()"));
        self.key("Home");
        let options = self.eval(&format!("{element}.options.length")).as_u64().unwrap();
        for _ in 0..options {
            if self.eval(&format!("{element}.value")) == value {
                return;
            }
            self.key("ArrowDown");
        }
        panic!("{selector} has no option {value}");
    }

    #[track_caller]
    fn focus(&self, selector: &str) {
        self.click(selector);
        let js = format!(
            "(() => {{ const e = document.querySelector({}), a = document.activeElement;
                return a !== document.body && (e === a || e.contains(a) || e.control === a); }})()",
            quoted(selector)
        );
        assert_eq!(self.eval(&js), true, "a click on {selector} does not focus it");
    }

    /// Where to click. The page is asked again until the answer is a place.
    #[track_caller]
    fn place(&self, selector: &str) -> (f64, f64) {
        let js = format!("({PLACE})({})", quoted(selector));
        self.poll(&format!("{selector} to be clickable"), || match self.try_eval(&js)? {
            Value::Array(place) => Ok((place[0].as_f64().unwrap(), place[1].as_f64().unwrap())),
            reason => Err(reason.to_string()),
        })
    }
}

/// In two frames, since what moves is not clicked. The answer is a place, or why there is none.
const PLACE: &str = "async selector => {
    const element = document.querySelector(selector);
    if (!element) return 'it is not there';
    element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
    // A text over two lines has two boxes, and some elements an empty one.
    const box = () => [...element.getClientRects()].find(box => box.width && box.height);
    const first = box();
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    const then = box();
    if (!first || !then) return 'it is not shown';
    if (first.x !== then.x || first.y !== then.y) return 'it moves';
    if (element.matches(':disabled')) return 'it is disabled';
    const place = [then.x + then.width / 2, then.y + then.height / 2];
    const hit = document.elementFromPoint(...place);
    if (!hit) return 'it is outside of the window';
    if (!element.contains(hit)) return 'covered by ' + hit.outerHTML.slice(0, 200);
    return place;
}";

fn without_modifiers(name: &str) -> (&str, u32) {
    let mut rest = name;
    let mut modifiers = 0;
    for (prefix, bit) in [("Control+", CONTROL), ("Shift+", SHIFT)] {
        if let Some(after) = rest.strip_prefix(prefix) {
            (rest, modifiers) = (after, modifiers | bit);
        }
    }
    (rest, modifiers)
}

/// `key` and `code` of the event, its number on Windows, which Chromium goes by, and what it writes.
fn known_key(name: &str) -> Option<(String, String, u32, String)> {
    let named = |number, text: &str| Some((name.to_string(), name.to_string(), number, text.to_string()));
    match name {
        "Backspace" => named(8, ""),
        "Tab" => named(9, ""),
        // Without its text a form is not sent, and no button pressed.
        "Enter" => named(13, "\r"),
        "Escape" => named(27, ""),
        "Space" => Some((" ".into(), "Space".into(), 32, " ".into())),
        "PageUp" => named(33, ""),
        "PageDown" => named(34, ""),
        "End" => named(35, ""),
        "Home" => named(36, ""),
        "ArrowLeft" => named(37, ""),
        "ArrowUp" => named(38, ""),
        "ArrowRight" => named(39, ""),
        "ArrowDown" => named(40, ""),
        "Delete" => named(46, ""),
        _ => letter_or_digit(name),
    }
}

fn letter_or_digit(name: &str) -> Option<(String, String, u32, String)> {
    let mut letters = name.chars();
    let letter = letters.next().filter(|letter| letter.is_ascii_alphanumeric() && letters.next().is_none())?;
    let upper = letter.to_ascii_uppercase();
    let code = if letter.is_ascii_digit() { format!("Digit{letter}") } else { format!("Key{upper}") };
    Some((name.into(), code, upper.into(), name.into()))
}
