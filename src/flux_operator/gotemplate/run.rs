//! The execution of templates (`text/template/exec.go`, with `missingkey=error`).

use super::parse::{Branch, Node, Operand, Pipe, Templates};
use super::{DEEPEST, Failed, LARGEST, MADE, STEPS, Value, functions, print};

/// Runs a template; its data is nil, and its function `inputs` returns the inputs.
pub(super) fn run(templates: &Templates, inputs: &Value) -> Result<String, Failed> {
    // `$` is the data.
    let variables = vec![(String::new(), Value::Nil)];
    let mut run = Run { out: String::new(), variables, inputs, templates, steps: 0, made: 0, depth: 0 };
    run.nodes(templates.main(), &Value::Nil)?;
    Ok(run.out)
}

/// Says how a list of nodes ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Went {
    On,
    Break,
    Continue,
}

struct Run<'a> {
    out: String,
    variables: Vec<(String, Value)>,
    inputs: &'a Value,
    templates: &'a Templates,
    steps: usize,
    /// The bytes of the functions' arguments and results so far.
    made: usize,
    /// The current depth of nested lists of nodes.
    depth: usize,
}

impl Run<'_> {
    fn step(&mut self) -> Result<(), Failed> {
        self.steps = self.steps.saturating_add(1);
        if self.steps > STEPS || self.out.len() > LARGEST {
            return Failed::unknown("it is too large to be looked at");
        }
        Ok(())
    }

    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Result<Went, Failed> {
        self.depth = self.depth.saturating_add(1);
        // Go fails at a depth of a hundred thousand templates: a recursive template is not followed that far.
        if self.depth > DEEPEST.saturating_mul(2) {
            return Failed::unknown("it is nested too deeply");
        }
        let went = self.inner_nodes(nodes, dot);
        self.depth = self.depth.saturating_sub(1);
        went
    }

    fn inner_nodes(&mut self, nodes: &[Node], dot: &Value) -> Result<Went, Failed> {
        for node in nodes {
            self.step()?;
            let went = match node {
                Node::Text(text) => {
                    self.out.push_str(text);
                    Went::On
                }
                Node::Print(pipe) => {
                    let value = self.pipe(pipe, dot)?;
                    if pipe.sets.is_empty() {
                        let printed = print::top(&value)?;
                        self.out.push_str(&printed);
                    }
                    Went::On
                }
                Node::If(branch) => self.choose(branch, dot, false)?,
                Node::With(branch) => self.choose(branch, dot, true)?,
                Node::Range(branch) => self.range(branch, dot)?,
                Node::Break => Went::Break,
                Node::Continue => Went::Continue,
                Node::Template(name, pipe) => self.template(name, pipe.as_ref(), dot)?,
            };
            if went != Went::On {
                return Ok(went);
            }
        }
        Ok(Went::On)
    }

    /// Runs another template: it sees its data, and none of the variables around it.
    fn template(&mut self, name: &str, pipe: Option<&Pipe>, dot: &Value) -> Result<Went, Failed> {
        let Some(nodes) = self.templates.get(name) else {
            return Failed::refused(format!("template {name:?} not defined"));
        };
        let data = match pipe {
            Some(pipe) => self.pipe(pipe, dot)?,
            None => Value::Nil,
        };
        let variables = std::mem::replace(&mut self.variables, vec![(String::new(), data.clone())]);
        self.nodes(nodes, &data)?;
        self.variables = variables;
        Ok(Went::On)
    }

    fn choose(&mut self, branch: &Branch, dot: &Value, enters: bool) -> Result<Went, Failed> {
        let known = self.variables.len();
        let value = self.pipe(&branch.pipe, dot)?;
        if let Some(why) = value.unsettled().filter(|_| matches!(value, Value::Text(_) | Value::Hidden(_))) {
            return Failed::unknown(why);
        }
        let went = if value.truth()? {
            self.nodes(&branch.then, if enters { &value } else { dot })?
        } else {
            self.nodes(&branch.otherwise, dot)?
        };
        self.variables.truncate(known);
        Ok(went)
    }

    fn range(&mut self, branch: &Branch, dot: &Value) -> Result<Went, Failed> {
        let known = self.variables.len();
        let values = self.pipe(&branch.pipe, dot)?;
        let items: Vec<(Value, Value)> = match values {
            Value::List(items) => (0..).map(Value::Int).zip(items).collect(),
            Value::Map(fields) => fields.into_iter().map(|(key, value)| (Value::Text(key), value)).collect(),
            Value::Nil => Vec::new(),
            Value::Int(count) if count < 10_000 => (0..count).map(|at| (Value::Int(at), Value::Int(at))).collect(),
            Value::Hidden(what) => return Failed::unknown(what),
            Value::Int(_) => return Failed::unknown("it is too large to be looked at"),
            _ => return Failed::refused("range can't iterate over a value that is neither a list nor a map"),
        };
        // The pipeline has set the last variable to the whole value.
        self.variables.truncate(known);
        if items.is_empty() {
            return self.nodes(&branch.otherwise, dot);
        }
        for (key, value) in items {
            self.step()?;
            match branch.pipe.sets.as_slice() {
                [] => {}
                names if branch.pipe.assigns => {
                    if let [key_name, value_name] = names {
                        self.assign(key_name, key);
                        self.assign(value_name, value.clone());
                    } else if let [name] = names {
                        self.assign(name, value.clone());
                    }
                }
                [name] => self.variables.push((name.clone(), value.clone())),
                [key_name, value_name, ..] => {
                    self.variables.push((key_name.clone(), key));
                    self.variables.push((value_name.clone(), value.clone()));
                }
            }
            let went = self.nodes(&branch.then, &value)?;
            self.variables.truncate(known);
            if went == Went::Break {
                break;
            }
        }
        Ok(Went::On)
    }

    fn assign(&mut self, name: &str, value: Value) {
        if let Some(known) = self.variables.iter_mut().rev().find(|known| known.0 == name) {
            known.1 = value;
        }
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Value) -> Result<Value, Failed> {
        let mut last = None;
        for command in &pipe.commands {
            last = Some(self.command(command, dot, last)?);
        }
        let value = last.unwrap_or(Value::Nil);
        for name in &pipe.sets {
            if pipe.assigns {
                self.assign(name, value.clone());
            } else {
                self.variables.push((name.clone(), value.clone()));
            }
        }
        Ok(value)
    }

    fn command(&mut self, words: &[Operand], dot: &Value, last: Option<Value>) -> Result<Value, Failed> {
        self.step()?;
        let Some((first, rest)) = words.split_first() else { return Failed::refused("empty command") };
        if let Operand::Function(name) = first {
            return self.call(name, rest, dot, last);
        }
        // Only functions take arguments: the values of a map are not functions.
        if !rest.is_empty() || last.is_some() {
            return Failed::refused("can't give argument to non-function");
        }
        match first {
            Operand::Nil => Failed::refused("nil is not a command"),
            first => self.value(first, dot),
        }
    }

    fn value(&mut self, operand: &Operand, dot: &Value) -> Result<Value, Failed> {
        match operand {
            Operand::Function(name) => self.call(name, &[], dot, None),
            Operand::Dot => Ok(dot.clone()),
            Operand::Nil => Ok(Value::Nil),
            Operand::Constant(value) => Ok(value.clone()),
            Operand::Pipe(pipe) => self.pipe(pipe, dot),
            Operand::Field(path) => follow(dot.clone(), path),
            Operand::Variable(name, path) => {
                let known = self.variables.iter().rev().find(|known| known.0 == *name);
                let value = known.map_or(Value::Nil, |known| known.1.clone());
                follow(value, path)
            }
            Operand::Chain(inner, path) => {
                let value = self.value(inner, dot)?;
                follow(value, path)
            }
        }
    }

    fn call(&mut self, name: &str, words: &[Operand], dot: &Value, last: Option<Value>) -> Result<Value, Failed> {
        if name == "and" || name == "or" {
            // They stop at the first deciding argument.
            let mut found = Value::Nil;
            for word in words {
                found = self.value(word, dot)?;
                if let Some(why) = found.unsettled() {
                    return Failed::unknown(why);
                }
                if found.truth()? == (name == "or") {
                    return Ok(found);
                }
            }
            return match last {
                Some(last) => Ok(last),
                None if words.is_empty() => Failed::refused(format!("wrong number of args for {name}")),
                None => Ok(found),
            };
        }
        let mut arguments = words.iter().map(|word| self.value(word, dot)).collect::<Result<Vec<_>, _>>()?;
        arguments.extend(last);
        if name == "inputs" {
            return if arguments.is_empty() {
                Ok(self.inputs.clone())
            } else {
                Failed::refused("too many arguments for inputs")
            };
        }
        let given = arguments.iter().map(Value::size).fold(0_usize, usize::saturating_add);
        self.made = self.made.saturating_add(given);
        // The size is checked before the call: a few letters can request more than any memory holds.
        if self.made > MADE || functions::at_most(name, &arguments) > MADE {
            return Failed::unknown("it is too large to be looked at");
        }
        let made = functions::call(name, arguments)?;
        self.made = self.made.saturating_add(made.size());
        Ok(made)
    }
}

/// Resolves a path in a value.
fn follow(mut value: Value, path: &[String]) -> Result<Value, Failed> {
    for name in path {
        value = match value {
            Value::Map(mut fields) => match fields.remove(name) {
                Some(value) => value,
                None => return Failed::refused(format!("map has no entry for key {name:?}")),
            },
            Value::Nil => return Failed::refused(format!("nil data; no entry for key {name:?}")),
            Value::Hidden(what) => return Failed::unknown(what),
            _ => return Failed::refused(format!("can't evaluate field {name}: the value is not a map")),
        };
    }
    Ok(value)
}
