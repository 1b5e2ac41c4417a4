//! The parser of templates (`text/template/parse/parse.go`).

use std::collections::BTreeMap;

use super::lex::Token;
use super::{DEEPEST, Failed, Value, functions};

/// The name of the main template in flux-operator.
const MAIN: &str = "resourceset";

/// Holds a template with those that it defines.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Templates(BTreeMap<String, Vec<Node>>);

impl Templates {
    /// Returns the template of a name.
    pub(super) fn get(&self, name: &str) -> Option<&[Node]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// Returns the main template.
    pub(super) fn main(&self) -> &[Node] {
        self.get(MAIN).unwrap_or_default()
    }

    /// Adds a template; of two with one name, only one may contain more than space.
    fn add(&mut self, name: String, nodes: Vec<Node>) -> Result<(), Failed> {
        let is_empty =
            |nodes: &[Node]| nodes.iter().all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()));
        match self.0.get(&name) {
            Some(_) if is_empty(&nodes) => {}
            Some(known) if !is_empty(known) => {
                return Failed::refused(format!("multiple definition of template {name:?}"));
            }
            _ => drop(self.0.insert(name, nodes)),
        }
        Ok(())
    }
}

/// Represents a piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Text outside of actions.
    Text(String),
    /// A pipeline whose value is printed, unless it sets a variable.
    Print(Pipe),
    /// `if`
    If(Branch),
    /// `with`
    With(Branch),
    /// `range`
    Range(Branch),
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// `template` and `block`: runs another template, with the pipeline's value as its data.
    Template(String, Option<Pipe>),
}

/// Holds a pipeline with the nodes for a true and for a false value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Branch {
    pub(super) pipe: Pipe,
    pub(super) then: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

/// Holds commands, each of which gets the result of the one before.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Pipe {
    /// The variables that it sets.
    pub(super) sets: Vec<String>,
    /// Whether those variables exist already.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Vec<Operand>>,
}

/// Represents a word of a command.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Function(String),
    Dot,
    Nil,
    Field(Vec<String>),
    Variable(String, Vec<String>),
    Chain(Box<Operand>, Vec<String>),
    Constant(Value),
    Pipe(Pipe),
}

/// Parses a template.
pub(super) fn parse(tokens: Vec<Token>) -> Result<Templates, Failed> {
    let mut tokens = tokens;
    // Tokens are popped from the end.
    tokens.reverse();
    let mut parser =
        Parser { tokens, variables: vec![String::new()], depth: 0, loops: 0, templates: Templates::default() };
    let (nodes, ended) = parser.list(true)?;
    match ended {
        End::File => parser.templates.add(MAIN.to_owned(), nodes)?,
        End::Here => return Failed::refused("unexpected {{end}}"),
        End::Else => return Failed::refused("unexpected {{else}}"),
    }
    Ok(parser.templates)
}

/// Names the end of a list of nodes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    File,
    Here,
    Else,
}

struct Parser {
    tokens: Vec<Token>,
    /// The known variables, the innermost last.
    variables: Vec<String>,
    depth: usize,
    loops: usize,
    /// The templates that are defined so far.
    templates: Templates,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        self.tokens.pop()
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.last()
    }

    fn skip_space(&mut self) {
        while self.peek() == Some(&Token::Space) {
            self.next();
        }
    }

    /// Takes the end of an action.
    fn ended(&mut self) -> Result<(), Failed> {
        self.skip_space();
        match self.next() {
            Some(Token::Right) => Ok(()),
            other => Failed::refused(format!("unexpected {other:?} in an action")),
        }
    }

    fn deeper(&mut self) -> Result<(), Failed> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEEPEST { Failed::unknown("it is nested too deeply") } else { Ok(()) }
    }

    /// Takes nodes; a template can only be defined at the top.
    fn list(&mut self, is_top: bool) -> Result<(Vec<Node>, End), Failed> {
        let mut nodes = Vec::new();
        while let Some(token) = self.next() {
            match token {
                Token::Text(text) => nodes.push(Node::Text(text)),
                Token::Left => {
                    self.skip_space();
                    match self.keyword().as_deref() {
                        Some("end") => {
                            self.next();
                            self.ended()?;
                            return Ok((nodes, End::Here));
                        }
                        Some("else") => {
                            self.next();
                            return Ok((nodes, End::Else));
                        }
                        Some("define") if is_top => {
                            self.next();
                            let name = self.name()?;
                            self.ended()?;
                            self.definition(name)?;
                        }
                        _ => nodes.push(self.action()?),
                    }
                }
                other => return Failed::refused(format!("unexpected {other:?}")),
            }
        }
        Ok((nodes, End::File))
    }

    fn keyword(&self) -> Option<String> {
        let words = ["if", "with", "range", "end", "else", "break", "continue", "define", "block", "template"];
        match self.peek() {
            Some(Token::Name(name)) if words.contains(&name.as_str()) => Some(name.clone()),
            _ => None,
        }
    }

    fn action(&mut self) -> Result<Node, Failed> {
        let Some(word) = self.keyword() else {
            let pipe = self.pipe(false)?;
            self.ended()?;
            return Ok(Node::Print(pipe));
        };
        self.next();
        match word.as_str() {
            "if" => Ok(Node::If(self.branch("if")?)),
            "with" => Ok(Node::With(self.branch("with")?)),
            "range" => Ok(Node::Range(self.branch("range")?)),
            "break" | "continue" if self.loops == 0 => Failed::refused(format!("{word} outside of a range")),
            "break" => self.ended().map(|()| Node::Break),
            "continue" => self.ended().map(|()| Node::Continue),
            "template" => {
                let name = self.name()?;
                self.skip_space();
                let pipe = if self.peek() == Some(&Token::Right) { None } else { Some(self.pipe(false)?) };
                self.ended()?;
                Ok(Node::Template(name, pipe))
            }
            "block" => {
                let name = self.name()?;
                let pipe = self.pipe(false)?;
                self.ended()?;
                self.definition(name.clone())?;
                Ok(Node::Template(name, Some(pipe)))
            }
            word => Failed::refused(format!("unexpected {{{{{word}}}}}")),
        }
    }

    /// Takes the name of a template.
    fn name(&mut self) -> Result<String, Failed> {
        self.skip_space();
        match self.next() {
            Some(Token::Quoted(name)) => Ok(name),
            other => Failed::refused(format!("unexpected {other:?} where a template is named")),
        }
    }

    /// Takes the content of a defined template: it sees neither the variables nor the loops around it.
    fn definition(&mut self, name: String) -> Result<(), Failed> {
        self.deeper()?;
        let variables = std::mem::replace(&mut self.variables, vec![String::new()]);
        let loops = std::mem::take(&mut self.loops);
        let (nodes, ended) = self.list(false)?;
        match ended {
            End::Here => self.templates.add(name, nodes)?,
            End::Else => return Failed::refused("unexpected {{else}} in a template of its own"),
            End::File => return Failed::refused("unexpected EOF: an {{end}} is missing"),
        }
        (self.variables, self.loops) = (variables, loops);
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    fn branch(&mut self, word: &str) -> Result<Branch, Failed> {
        self.deeper()?;
        let known = self.variables.len();
        let pipe = self.pipe(word == "range")?;
        self.ended()?;
        self.loops = self.loops.saturating_add(usize::from(word == "range"));
        let (then, ended) = self.list(false)?;
        self.loops = self.loops.saturating_sub(usize::from(word == "range"));
        let otherwise = match ended {
            End::File => return Failed::refused("unexpected EOF: an {{end}} is missing"),
            End::Here => Vec::new(),
            End::Else => self.otherwise(word)?,
        };
        self.variables.truncate(known);
        self.depth = self.depth.saturating_sub(1);
        Ok(Branch { pipe, then, otherwise })
    }

    fn otherwise(&mut self, word: &str) -> Result<Vec<Node>, Failed> {
        self.skip_space();
        if self.keyword().as_deref() == Some(word) && word != "range" {
            self.next();
            let branch = self.branch(word)?;
            return Ok(vec![if word == "if" { Node::If(branch) } else { Node::With(branch) }]);
        }
        self.ended()?;
        match self.list(false)? {
            (nodes, End::Here) => Ok(nodes),
            (_, End::Else) => Failed::refused("expected end; found {{else}}"),
            (_, End::File) => Failed::refused("unexpected EOF: an {{end}} is missing"),
        }
    }

    fn pipe(&mut self, ranges: bool) -> Result<Pipe, Failed> {
        self.deeper()?;
        self.skip_space();
        let mut pipe = Pipe::default();
        self.declared(&mut pipe, ranges)?;
        loop {
            let command = self.command()?;
            if command.is_empty() {
                return Failed::refused("missing value for a command");
            }
            let cannot_run = matches!(command.first(), Some(Operand::Constant(_) | Operand::Dot | Operand::Nil));
            if !pipe.commands.is_empty() && cannot_run {
                return Failed::refused("non executable command in pipeline");
            }
            pipe.commands.push(command);
            if self.peek() != Some(&Token::Pipe) {
                break;
            }
            self.next();
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(pipe)
    }

    /// Takes `$name :=`, `$name =` and, in a range, `$name, $name :=`.
    fn declared(&mut self, pipe: &mut Pipe, ranges: bool) -> Result<(), Failed> {
        let mut ahead = self.tokens.iter().rev();
        let mut names = Vec::new();
        let mut taken = 0_usize;
        let mut is_comma = true;
        let assigns = loop {
            taken = taken.saturating_add(1);
            match ahead.next() {
                Some(Token::Space) => {}
                Some(Token::Variable(name)) if is_comma => {
                    names.push(name.clone());
                    is_comma = false;
                }
                Some(Token::Comma) if !is_comma && ranges => is_comma = true,
                Some(Token::Declare) if !is_comma => break false,
                Some(Token::Assign) if !is_comma => break true,
                _ => return Ok(()),
            }
        };
        if names.len() > 2 {
            return Failed::refused("too many declarations in range");
        }
        self.tokens.truncate(self.tokens.len().saturating_sub(taken));
        if assigns {
            names.iter().try_for_each(|name| self.is_known(name))?;
        } else {
            self.variables.extend(names.iter().cloned());
        }
        pipe.sets = names;
        pipe.assigns = assigns;
        Ok(())
    }

    fn is_known(&self, name: &str) -> Result<(), Failed> {
        if self.variables.iter().any(|known| known == name) {
            return Ok(());
        }
        Failed::refused(format!("undefined variable \"${name}\""))
    }

    fn command(&mut self) -> Result<Vec<Operand>, Failed> {
        let mut words = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                None | Some(Token::Right | Token::Close | Token::Pipe) => return Ok(words),
                _ => words.push(self.operand()?),
            }
            match self.peek() {
                None | Some(Token::Space | Token::Right | Token::Close | Token::Pipe) => {}
                other => return Failed::refused(format!("unexpected {other:?} in operand")),
            }
        }
    }

    fn operand(&mut self) -> Result<Operand, Failed> {
        let first = match self.next() {
            Some(Token::Name(name)) => match name.as_str() {
                "true" => Operand::Constant(Value::Bool(true)),
                "false" => Operand::Constant(Value::Bool(false)),
                "nil" => Operand::Nil,
                _ if functions::is_defined(&name) => Operand::Function(name),
                _ => return Failed::refused(format!("function {name:?} not defined")),
            },
            Some(Token::Dot) => Operand::Dot,
            Some(Token::Field(name)) => Operand::Field(vec![name]),
            Some(Token::Variable(name)) => {
                self.is_known(&name)?;
                Operand::Variable(name, Vec::new())
            }
            Some(Token::Quoted(text)) => Operand::Constant(Value::Text(text)),
            Some(Token::Int(whole)) => Operand::Constant(Value::Int(whole)),
            Some(Token::Float(number)) => Operand::Constant(Value::Float(number)),
            Some(Token::Open) => {
                let pipe = self.pipe(false)?;
                self.skip_space();
                match self.next() {
                    Some(Token::Close) => Operand::Pipe(pipe),
                    other => return Failed::refused(format!("unexpected {other:?} in parentheses")),
                }
            }
            other => return Failed::refused(format!("unexpected {other:?} in command")),
        };
        let mut fields = Vec::new();
        while let Some(Token::Field(name)) = self.peek() {
            fields.push(name.clone());
            self.next();
        }
        if fields.is_empty() {
            return Ok(first);
        }
        match first {
            Operand::Field(mut own) => {
                own.extend(fields);
                Ok(Operand::Field(own))
            }
            Operand::Variable(name, _) => Ok(Operand::Variable(name, fields)),
            Operand::Constant(_) | Operand::Nil | Operand::Dot => Failed::refused("unexpected . after a term"),
            other => Ok(Operand::Chain(Box::new(other), fields)),
        }
    }
}
