//! The lexer of templates (`text/template/parse/lex.go`).

use super::Failed;

const LEFT: &str = "<<";
const RIGHT: &str = ">>";

/// Represents a token of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// Text outside of actions.
    Text(String),
    /// The start of an action.
    Left,
    /// The end of an action.
    Right,
    /// A name: a keyword or a function.
    Name(String),
    /// `.name`
    Field(String),
    /// `$name`, without the sign.
    Variable(String),
    /// `.`
    Dot,
    /// A text in quotes.
    Quoted(String),
    /// A whole number.
    Int(i64),
    /// A number with a point.
    Float(f64),
    /// `|`
    Pipe,
    /// `:=`
    Declare,
    /// `=`
    Assign,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// Space between operands.
    Space,
}

fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\r' | '\n')
}

fn is_word(letter: char) -> bool {
    letter == '_' || letter.is_alphanumeric()
}

/// Splits a template into tokens.
pub(super) fn lex(text: &str) -> Result<Vec<Token>, Failed> {
    let mut lexer = Lexer { rest: text, tokens: Vec::new() };
    while !lexer.rest.is_empty() {
        lexer.text()?;
    }
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    rest: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn first(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes the leading characters that match.
    fn take(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest;
        let end = rest.find(|letter| !fits(letter)).unwrap_or(rest.len());
        let (taken, rest) = rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Takes text up to an action, and that action.
    fn text(&mut self) -> Result<(), Failed> {
        let Some((before, after)) = self.rest.split_once(LEFT) else {
            self.tokens.push(Token::Text(self.rest.to_owned()));
            self.rest = "";
            return Ok(());
        };
        let trims = after.starts_with('-') && after.chars().nth(1).is_some_and(is_space);
        let before = if trims { before.trim_end_matches(is_space) } else { before };
        if !before.is_empty() {
            self.tokens.push(Token::Text(before.to_owned()));
        }
        self.rest = after;
        if trims {
            self.skip(2);
        }
        if let Some(comment) = self.rest.strip_prefix("/*") {
            let Some((_, after)) = comment.split_once("*/") else { return Failed::refused("unclosed comment") };
            self.rest = after;
            return if self.right() { Ok(()) } else { Failed::refused("comment ends before closing delimiter") };
        }
        self.tokens.push(Token::Left);
        self.action()
    }

    /// Takes the end of an action with the space that it trims, if it comes next.
    fn right(&mut self) -> bool {
        let trimmed = self.rest.strip_prefix(is_space).and_then(|rest| rest.strip_prefix('-'));
        if let Some(after) = trimmed.and_then(|rest| rest.strip_prefix(RIGHT)) {
            self.rest = after.trim_start_matches(is_space);
            return true;
        }
        match self.rest.strip_prefix(RIGHT) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    fn action(&mut self) -> Result<(), Failed> {
        let mut depth = 0_usize;
        loop {
            if self.right() {
                if depth > 0 {
                    return Failed::refused("unclosed left paren");
                }
                self.tokens.push(Token::Right);
                return Ok(());
            }
            let Some(letter) = self.first() else { return Failed::refused("unclosed action") };
            let token = match letter {
                letter if is_space(letter) => {
                    self.space();
                    Token::Space
                }
                '=' => self.sign(1, Token::Assign),
                ':' if self.rest.starts_with(":=") => self.sign(2, Token::Declare),
                '|' => self.sign(1, Token::Pipe),
                ',' => self.sign(1, Token::Comma),
                '(' => {
                    depth = depth.saturating_add(1);
                    self.sign(1, Token::Open)
                }
                ')' => {
                    let Some(less) = depth.checked_sub(1) else { return Failed::refused("unexpected right paren") };
                    depth = less;
                    self.sign(1, Token::Close)
                }
                '"' => self.quoted()?,
                '`' => {
                    self.skip(1);
                    let Some((text, after)) = self.rest.split_once('`') else {
                        return Failed::refused("unterminated raw quoted string");
                    };
                    self.rest = after;
                    Token::Quoted(text.to_owned())
                }
                '$' => {
                    self.skip(1);
                    let name = self.take(is_word).to_owned();
                    self.ended()?;
                    Token::Variable(name)
                }
                '.' if !self.rest.get(1..).is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit())) => {
                    self.skip(1);
                    let name = self.take(is_word).to_owned();
                    self.ended()?;
                    if name.is_empty() { Token::Dot } else { Token::Field(name) }
                }
                letter if letter == '.' || letter == '+' || letter == '-' || letter.is_ascii_digit() => {
                    self.number()?
                }
                letter if is_word(letter) => {
                    let name = self.take(is_word).to_owned();
                    self.ended()?;
                    Token::Name(name)
                }
                letter => return Failed::unknown(format!("the character {letter:?} in an action")),
            };
            self.tokens.push(token);
        }
    }

    fn sign(&mut self, length: usize, token: Token) -> Token {
        self.skip(length);
        token
    }

    /// Takes space, except the last one where that belongs to the action's end.
    fn space(&mut self) {
        let before = self.rest;
        let taken = self.take(is_space).len();
        if self.rest.strip_prefix('-').is_some_and(|rest| rest.starts_with(RIGHT)) {
            self.rest = before.get(taken.saturating_sub(1)..).unwrap_or_default();
        }
    }

    /// Checks that a name ends before a delimiter.
    fn ended(&self) -> Result<(), Failed> {
        let ends = self.first().is_none_or(|next| {
            is_space(next) || matches!(next, '.' | ',' | '|' | ':' | ')' | '(') || self.rest.starts_with(RIGHT)
        });
        if ends { Ok(()) } else { Failed::refused("bad character behind a name") }
    }

    fn quoted(&mut self) -> Result<Token, Failed> {
        self.skip(1);
        let mut text = String::new();
        let mut letters = self.rest.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.skip(at.saturating_add(1));
                    return Ok(Token::Quoted(text));
                }
                '\n' => break,
                '\\' => match letters.next().map(|(_, next)| next) {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(same @ ('\\' | '"')) => text.push(same),
                    _ => return Failed::unknown("an escape in a quoted text"),
                },
                letter => text.push(letter),
            }
        }
        Failed::refused("unterminated quoted string")
    }

    fn number(&mut self) -> Result<Token, Failed> {
        let written = self.take(|letter| matches!(letter, '+' | '-' | '.' | '_') || letter.is_ascii_alphanumeric());
        let digits = written.trim_start_matches(['+', '-']);
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
        if let (true, Ok(whole)) = (is_plain, written.parse()) {
            return Ok(Token::Int(whole));
        }
        let is_decimal = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && digits.contains('.');
        match written.parse::<f64>() {
            Ok(number) if is_decimal && number.fract() != 0.0 => Ok(Token::Float(number)),
            _ => Failed::unknown(format!("the number {written}")),
        }
    }
}
