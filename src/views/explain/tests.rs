//! Topics on the screen, and the ways to them.

use super::topics_with;
use crate::commands::COMMANDS;
use crate::explain::TopicGroup;
use crate::views::help::tests::{opened, press, screen};

#[test]
fn every_command_has_a_topic_that_is_whole_and_every_name_to_see_is_one() {
    let topics = topics_with(COMMANDS);
    for command in COMMANDS {
        let topic = topics.find(&format!("command.{}", command.id)).unwrap();
        assert!(!topic.short.is_empty() && !topic.command.look_for.is_empty(), "{}", command.id);
        assert!(topic.docs.iter().all(|page| page.starts_with("https://")), "{}: {:?}", command.id, topic.docs);
        assert!(topics.find(command.id).is_some(), "{}", command.id);
    }
    for topic in TopicGroup::ALL.into_iter().flat_map(|group| topics.of(group).collect::<Vec<_>>()) {
        for other in &topic.see {
            assert!(topics.find(other).is_some(), "{} leads to {other}", topic.id);
        }
    }
}

#[test]
fn the_palette_explains_a_word_and_enter_goes_on_to_the_next_topic() {
    let mut app = opened(":explain ArtefactFailed<enter>");
    let shown = screen(&app, (120, 36));
    assert!(shown.contains("explain: ArtifactFailed") && shown.contains("no artifact to work on"), "{shown}");
    insta::assert_snapshot!("explain-80x24", screen(&app, (80, 24)));
    press(&mut app, "G<enter>");
    assert_eq!(app.view_id(), "explain");
    let next = screen(&app, (120, 36));
    assert!(!next.contains("explain: ArtifactFailed"), "{next}");
    press(&mut app, "<esc><esc>");
    assert_eq!(app.view_id(), "home");
}

#[test]
fn without_a_name_all_topics_are_listed_and_filtered() {
    let mut app = opened(":explain<enter>/retriesexceeded<enter>");
    assert_eq!(app.view_id(), "explain");
    press(&mut app, "<enter>");
    let shown = screen(&app, (120, 36));
    assert!(shown.contains("explain: "), "{shown}");
}

#[test]
fn a_topic_of_which_nothing_is_there_says_what_to_put_in() {
    let app = opened(":explain Receiver.secretRef<enter>");
    let shown = screen(&app, (120, 36));
    assert!(shown.contains("put in") && shown.contains("NAME: the name of a Receiver"), "{shown}");
}
