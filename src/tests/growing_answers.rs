//! What one reader of a growing answer gets, on the process that writes it and on another one: how
//! many bytes and frames, and how late a word. Time is virtual.

use crate::{
    components::samples,
    domain::{Change, Cursor, Epoch, Frame, Message, MessageStatus, Role, Scopes},
    live::AnswerText,
    server::{
        base::{markdown, markdown_blocks::render_finished, new_id},
        feed::{
            EncodedRow, Feed, Stream, StreamContext, StreamLimiter, StreamRequest, Timing,
            part_writer::write_parts,
        },
        store::Wake,
    },
    tests::support::{
        databases::Sqlite,
        people::{NOW, person},
    },
};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, pause, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// A part of an answer, repeated until it is long enough.
const TEXT: &str = "## A heading of five words\n\nSome **strong** words and a \
    [link](https://a.example) in a paragraph, and \"more\" of them that follow it in a second, \
    longer line.\n\n- one item\n- another item with `code` and more words than the first\n\
    - a third\n\n| a | b |\n|---|---|\n| 1 | two words |\n| 3 | 4 |\n\n\
    ```rust\nfn main() {\n    println!(\"{}\", 1 < 2);\n}\n```\n\n";

/// A process: its feed, and its wake-ups of one user.
#[derive(Clone)]
struct Process {
    feed: Arc<Feed>,
    wake: watch::Sender<Wake>,
}

/// A frame with growth of the answer, and when it came.
struct Received {
    at: Instant,
    frame: Frame,
}

/// What a reader got of an answer.
struct Reading {
    bytes: usize,
    frames: Vec<Received>,
}

impl Process {
    fn new() -> Self {
        let (feed, wake) = (Arc::default(), watch::Sender::default());
        Self { feed, wake }
    }

    fn woken(&self) {
        self.wake.send_modify(|wake| wake.text += 1);
    }
}

fn rows_bytes(text: &str) -> usize {
    let begin = samples::message(1, Role::Assistant, MessageStatus::Streaming, "");
    let end = Message {
        html: Some(markdown::render(text)),
        html_bytes: text.len(),
        ..samples::message(1, Role::Assistant, MessageStatus::Done, text)
    };
    let mut out = String::new();
    for message in [begin, end] {
        let cursor = Cursor {
            epoch: Epoch::from_bits(7),
            rev: message.rev,
        };
        EncodedRow::from(&Change::Message(message)).write(&mut out, cursor);
    }
    out.len()
}

/// The words of an answer, with their spaces and ends of lines.
fn words(count: usize) -> Vec<&'static str> {
    let words = TEXT.split_inclusive([' ', '\n']);
    words.cycle().take(count).collect()
}

async fn read(mut stream: Stream, until: Duration) -> Reading {
    let mut reading = Reading {
        bytes: 0,
        frames: Vec::new(),
    };
    let end = sleep(until);
    tokio::pin!(end);
    loop {
        let chunk = tokio::select! {
            chunk = stream.next() => chunk.unwrap(),
            () = &mut end => return reading,
        };
        let text = String::from_utf8(chunk.to_vec()).unwrap();
        reading.bytes += text.len();
        for frame in text.split_terminator("\n\n") {
            let Some((event, data)) = frame
                .strip_prefix("event: ")
                .and_then(|frame| frame.split_once("\ndata: "))
            else {
                continue;
            };
            reading.frames.push(Received {
                at: Instant::now(),
                frame: Frame::parse(event, "", data).unwrap(),
            });
        }
    }
}

/// Writes an answer of `count` words at this pace; returns what a reader got here and on another
/// process, and the words with the time at which the model sent them.
async fn answer(count: usize, each: Duration) -> ([Reading; 2], Vec<(&'static str, Instant)>) {
    let database = Sqlite::create().await;
    let user = person(&database.store, "ada").await;
    let (message, conversation) = (new_id::message(NOW), samples::conversation_id());
    let processes = [Process::new(), Process::new()];
    let limiter = StreamLimiter::default();
    let mut readings = Vec::new();
    let duration = each * u32::try_from(count).unwrap() + Duration::from_secs(3);
    for process in &processes {
        let context = StreamContext {
            store: database.store.clone(),
            feed: process.feed.clone(),
            wakes: process.wake.subscribe(),
            shutdown: CancellationToken::new(),
            permit: limiter.acquire(user, 0).unwrap(),
            access: Box::new(|| Box::pin(async { true })),
            frames: Default::default(),
        };
        let request = StreamRequest {
            user,
            only: None,
            cursor: Cursor {
                epoch: database.store.epoch(),
                rev: 0,
            },
            scopes: Scopes::ALL,
        };
        let timing = Timing {
            life: duration * 2,
            ..Timing::default()
        };
        let mut stream = Stream::new(context, request, timing);
        stream.next().await.unwrap();
        readings.push(stream);
    }
    pause();
    let readings = readings
        .into_iter()
        .map(|stream| tokio::spawn(read(stream, duration)));
    let readings: Vec<_> = readings.collect();
    let [here, there] = processes;
    let grown = Arc::new(Notify::new());
    let parts = tokio::spawn({
        let (grown, here) = (grown.clone(), here.clone());
        async move {
            let text_from = |start| here.feed.answers.text_from(user, message, start);
            let write = |start, text: String| {
                let there = there.clone();
                async move {
                    let answers = &there.feed.answers;
                    let appended = answers.append_remote(user, conversation, message, start, &text);
                    assert!(appended.await);
                    there.woken();
                    Ok(true)
                }
            };
            write_parts(&grown, text_from, write).await;
        }
    });
    let mut sent = Vec::new();
    let mut next = Instant::now();
    for word in words(count) {
        sleep_until(next).await;
        next += each;
        sent.push((word, Instant::now()));
        here.feed
            .answers
            .append(user, conversation, message, word)
            .await;
        here.woken();
        grown.notify_one();
    }
    let mut read = VecDeque::new();
    for reading in readings {
        read.push_back(reading.await.unwrap());
    }
    parts.abort();
    tokio::time::resume();
    ([read.pop_front().unwrap(), read.pop_front().unwrap()], sent)
}

/// The longest time from a word to the frame that has it.
fn longest_delay(reading: &Reading, sent: &[(&str, Instant)]) -> Duration {
    let (mut longest, mut end) = (Duration::ZERO, 0);
    let mut frames = reading.frames.iter().map(|received| {
        let end = match &received.frame {
            Frame::Growth { growth, .. } => growth.end(),
            frame => panic!("{frame:?}"),
        };
        (received.at, end)
    });
    let mut known = frames.next().unwrap();
    for (word, at) in sent {
        end += word.len();
        while known.1 < end {
            let next = frames.next().expect("every word arrives");
            known = (next.0, next.1.max(known.1));
        }
        longest = longest.max(known.0 - *at);
    }
    longest
}

fn most_in_a_second(reading: &Reading) -> usize {
    let times: Vec<Instant> = reading.frames.iter().map(|received| received.at).collect();
    let within = |from: &Instant| {
        let behind = times.iter().filter(|at| *at >= from);
        behind
            .filter(|at| **at - *from < Duration::from_secs(1))
            .count()
    };
    times.iter().map(within).max().unwrap_or(0)
}

/// What the page has after these frames.
fn shown(reading: &Reading) -> AnswerText {
    let mut shown = AnswerText::default();
    for received in &reading.frames {
        if let Frame::Growth { growth, .. } = &received.frame {
            shown.grow(growth);
        }
    }
    shown
}

#[tokio::test]
async fn bytes_frames_and_delay_of_a_growing_answer_are_bounded() {
    for (per_second, count) in [(1, 60), (10, 400), (50, 2_000)] {
        let each = Duration::from_secs(1) / per_second;
        let mut bytes_once = [0, 0];
        for times in [1, 2] {
            let (readings, sent) = answer(count * times, each).await;
            let text: String = sent.iter().map(|(word, _)| *word).collect();
            for (at, reading) in readings.iter().enumerate() {
                let place = format!("{per_second} words a second, reader {at}");
                let (bytes, frames) = (reading.bytes + rows_bytes(&text), reading.frames.len());
                let bound = 4 * text.len() + 200 * frames + 2_048;
                println!(
                    "{place}: {} bytes of text, {bytes} sent in {frames} frames, {:?}",
                    text.len(),
                    longest_delay(reading, &sent)
                );
                assert!(
                    bytes <= bound,
                    "{place}: {bytes} bytes, {bound} are allowed"
                );
                assert!(most_in_a_second(reading) <= 12, "{place}");
                let most = Duration::from_millis([150, 700][at]);
                assert!(longest_delay(reading, &sent) <= most, "{place}");
                if times == 1 {
                    bytes_once[at] = bytes;
                    let shown = shown(reading);
                    assert!(text.ends_with(&shown.rest), "{place}");
                    if per_second <= 10 {
                        assert_eq!(shown.html, render_finished(&text), "{place}");
                    }
                } else {
                    let most = bytes_once[at] * 22 / 10;
                    assert!(
                        bytes <= most,
                        "{place}: {bytes} of twice the text, {most} at most"
                    );
                }
            }
        }
    }
}
