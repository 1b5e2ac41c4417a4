//! The grammar of envsubst, whose scanner is generous in some places and strict in others: `${x/a//b}` takes every
//! slash for one, and a default may hold several forms, while a pattern holds one at most.

/// The deepest nesting of forms.
const DEEPEST: usize = 100;

/// The shown length of a form without an end.
const LONGEST: usize = 60;

/// Names a refused form, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::render) struct Refused {
    /// The form as it is written, or its beginning.
    pub(in crate::render) form: String,
    /// The reason, in words.
    pub(in crate::render) why: String,
    /// Whether the value is wrong, and not the form.
    pub(in crate::render) by_value: bool,
}

impl Refused {
    pub(super) fn new(form: &str, why: &str) -> Self {
        Self { form: form.to_owned(), why: why.to_owned(), by_value: false }
    }
}

const BAD: &str = "bad substitution";
const NO_BRACE: &str = "missing closing brace";
const NO_NAME: &str = "unable to parse variable name";
const NO_FUNCTION: &str = "unable to parse substitution within function";
const NO_DEFAULT: &str = "unable to parse default function";

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    Function(Function),
}

/// A form `${…}`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    /// The variable.
    pub(super) name: String,
    /// The operator; empty if there is none.
    pub(super) operation: String,
    pub(super) arguments: Vec<Node>,
    /// The form as it is written.
    pub(super) source: String,
}

impl Function {
    /// Tells whether it is a form with a default.
    pub(super) fn is_default(&self) -> bool {
        matches!(&*self.operation, "=" | ":=" | ":-" | ":?" | ":+")
    }
}

/// Splits a text into its parts.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, Refused> {
    let mut scanner = Scanner { text, at: 0 };
    let mut nodes = Vec::new();
    while scanner.peek().is_some() {
        if scanner.opens() {
            nodes.push(Node::Function(scanner.function(0)?));
        } else {
            nodes.push(Node::Text(scanner.word(|_, _| true, Mode { forms: true, dollars: true, slashes: false })));
        }
    }
    Ok(nodes)
}

/// Defines the ends of a word beside letters that it does not accept, and the escapes in it.
#[derive(Clone, Copy, Default)]
struct Mode {
    /// A form ends it.
    forms: bool,
    /// `$$` stands for `$`.
    dollars: bool,
    /// `\/` and `\\` stand for the letter after the backslash.
    slashes: bool,
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn opens(&self) -> bool {
        self.rest().starts_with("${")
    }

    /// Takes the accepted letters, by the letter and its place, counted from 1.
    fn word(&mut self, accept: impl Fn(char, usize) -> bool, mode: Mode) -> String {
        let mut word = String::new();
        let mut count = 0_usize;
        while let Some(letter) = self.peek() {
            if mode.forms && self.opens() {
                break;
            }
            let mut taken = letter;
            let rest = self.rest();
            let is_escape = mode.dollars && rest.starts_with("$$")
                || mode.slashes && (rest.starts_with("\\/") || rest.starts_with("\\\\"));
            count = count.saturating_add(1);
            if is_escape {
                self.at = self.at.saturating_add(1);
                taken = self.peek().unwrap_or(letter);
            } else if !accept(letter, count) {
                break;
            }
            self.at = self.at.saturating_add(taken.len_utf8());
            word.push(taken);
        }
        word
    }

    /// Reads a form at the scanner's place.
    fn function(&mut self, depth: usize) -> Result<Function, Refused> {
        let start = self.at;
        let refused = |scanner: &Self, why: &str| {
            let whole = scanner.text.get(start..).unwrap_or_default();
            let line = whole.lines().next().unwrap_or_default();
            let line = line.find('}').and_then(|end| line.get(..=end)).unwrap_or(line);
            Refused::new(&line.chars().take(LONGEST).collect::<String>(), why)
        };
        if depth > DEEPEST {
            return Err(refused(self, "forms stand too deep in each other"));
        }
        self.at = self.at.saturating_add(2);
        let mut function =
            Function { name: String::new(), operation: String::new(), arguments: Vec::new(), source: String::new() };
        match self.inside(&mut function, depth) {
            Ok(()) => {}
            Err(Problem::Here(why)) => return Err(refused(self, why)),
            Err(Problem::Inside(refused)) => return Err(refused),
        }
        self.text.get(start..self.at).unwrap_or_default().clone_into(&mut function.source);
        Ok(function)
    }

    fn inside(&mut self, function: &mut Function, depth: usize) -> Result<(), Problem> {
        if self.peek() == Some('#') {
            function.operation = self.word(|letter, count| letter == '#' && count == 1, Mode::default());
            function.name = self.name(BAD)?;
            return self.close(BAD);
        }
        function.name = self.name(NO_NAME)?;
        match self.peek() {
            Some(':') => match self.rest().chars().nth(1) {
                Some('=' | '-' | '?' | '+') => self.default(function, depth),
                // The original looks one letter too far, and steps back by that letter's width.
                Some(letter) if letter.len_utf8() > 1 => Err(Problem::Here(BAD)),
                None => Err(Problem::Here(BAD)),
                _ => self.part(function, depth),
            },
            Some('=') => self.default(function, depth),
            Some(',' | '^') => {
                function.operation =
                    self.word(|letter, count| matches!(letter, ',' | '^') && count < 3, Mode::default());
                self.close(BAD)
            }
            Some('/') => self.replace(function, depth),
            Some(sign @ ('#' | '%')) => {
                function.operation = self.word(|letter, count| letter == sign && count < 3, Mode::default());
                let argument = self.argument(|letter, _| letter != '}', Mode::default(), depth)?;
                function.arguments.push(argument);
                self.close(BAD)
            }
            _ => self.close(NO_BRACE),
        }
    }

    fn name(&mut self, why: &'static str) -> Result<String, Problem> {
        let name =
            self.word(|letter, _| letter.is_alphabetic() || letter.is_ascii_digit() || letter == '_', Mode::default());
        if name.is_empty() { Err(Problem::Here(why)) } else { Ok(name) }
    }

    fn close(&mut self, why: &'static str) -> Result<(), Problem> {
        if self.peek() != Some('}') {
            return Err(Problem::Here(why));
        }
        self.at = self.at.saturating_add(1);
        Ok(())
    }

    /// Reads a form or a text, which may not be empty.
    fn argument(&mut self, accept: impl Fn(char, usize) -> bool, mode: Mode, depth: usize) -> Result<Node, Problem> {
        if self.opens() {
            return self.function(depth.saturating_add(1)).map(Node::Function).map_err(Problem::Inside);
        }
        let text = self.word(accept, Mode { forms: true, ..mode });
        if text.is_empty() { Err(Problem::Here(NO_FUNCTION)) } else { Ok(Node::Text(text)) }
    }

    fn default(&mut self, function: &mut Function, depth: usize) -> Result<(), Problem> {
        let sign = |letter: char, count: usize| match count {
            1 => letter == ':' || letter == '=',
            _ => matches!(letter, '=' | '-' | '?' | '+'),
        };
        let longest = if self.peek() == Some('=') { 1 } else { 2 };
        function.operation = self.word(|letter, count| count <= longest && sign(letter, count), Mode::default());
        if function.operation.is_empty() {
            return Err(Problem::Here(NO_DEFAULT));
        }
        while self.peek() != Some('}') {
            let argument = self.argument(|letter, _| letter != '}', Mode::default(), depth)?;
            function.arguments.push(argument);
        }
        self.close(BAD)
    }

    fn part(&mut self, function: &mut Function, depth: usize) -> Result<(), Problem> {
        function.operation = self.word(|letter, count| letter == ':' && count == 1, Mode::default());
        let offset = self.argument(|letter, _| letter != ':' && letter != '}', Mode::default(), depth)?;
        function.arguments.push(offset);
        if self.peek() == Some(':') {
            self.word(|letter, _| letter == ':', Mode::default());
            let length = self.argument(|letter, _| letter != '}', Mode::default(), depth)?;
            function.arguments.push(length);
        }
        self.close(BAD)
    }

    fn replace(&mut self, function: &mut Function, depth: usize) -> Result<(), Problem> {
        let sign = |letter: char, count: usize| match count {
            1 => letter == '/',
            2 => matches!(letter, '/' | '#' | '%'),
            _ => false,
        };
        function.operation = self.word(sign, Mode::default());
        let escapes = Mode { forms: true, dollars: true, slashes: true };
        let old = self.argument(|letter, _| letter != '/', escapes, depth)?;
        function.arguments.push(old);
        if self.word(|letter, _| letter == '/', Mode::default()).is_empty() {
            return Err(Problem::Here(BAD));
        }
        if self.peek() != Some('}') {
            let new = self.argument(|letter, _| letter != '}', escapes, depth)?;
            function.arguments.push(new);
        }
        self.close(BAD)
    }
}

/// Tells why a form is refused: for itself, or for one inside of it.
enum Problem {
    Here(&'static str),
    Inside(Refused),
}
