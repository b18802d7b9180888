// The limits of the REST server, each with its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hearthgate::api {

// The canonical fields are limited to 1 MiB; the same text with every character escaped is up to six times as long.
inline constexpr size_t kMaxBodyBytes = 8 << 20;
// CONTRACT "Limits".
inline constexpr size_t kMaxBulkBytes = 64 << 20;
// A body of lines as people write them is full before; a million short wrong ones take the engine a second.
inline constexpr size_t kMaxBulkLines = 1'000'000;
// Lines of a bulk body are parsed while they arrive up to so many and this much text; what is beyond waits as text, which
// takes a fifth of the memory of ordinary lines and a hundredth of that of short ones, and is parsed when it is written.
inline constexpr size_t kBulkParsedLines = 20'000;
inline constexpr size_t kBulkParsedBytes = 4 << 20;
// Of a bulk body read at a time.
inline constexpr size_t kBulkPieceBytes = 64 << 10;
// Rejected lines are counted all and listed up to here, so that a wrong file of a million lines has a short answer.
inline constexpr size_t kMaxRejectedListed = 10'000;
// A body that nobody wants is read up to here and for so long before the answer, so that the client sees the answer and
// not a reset; a stranger's keeps a thread no longer.
inline constexpr size_t kMaxDrainedBytes = 16 << 20;
inline constexpr std::chrono::seconds kMaxDrainTime{5};

// CONTRACT: `limit` of lists.
inline constexpr size_t kDefaultLimit = 100;
inline constexpr size_t kMaxLimit = 1000;
// A page of a filtered list looks at most at this many rows before it answers with what it found and a `next`.
inline constexpr size_t kMaxScannedRows = 20'000;

// One thread a connection that is in use. Event streams have none, so all of them serve requests.
inline constexpr int kRequestThreads = 32;
// From this many connections on an answer closes its connection, so that idle ones never hold all threads.
inline constexpr int kKeepAliveConnections = 24;
// Connections that wait for a thread; beyond it they are closed at once.
inline constexpr int kMaxQueuedConnections = 128;
// A program that asks once a few seconds keeps its connection.
inline constexpr std::chrono::seconds kKeepAliveTimeout{10};
// How long one read or write on a connection may stand still.
inline constexpr std::chrono::seconds kSocketTimeout{15};
// Beyond the time that one read or write may stand still, a client has to send its request and to take its answer at
// this rate: any line that a person would use does, and nobody keeps a thread with a byte now and then.
inline constexpr int64_t kSlowestBytesPerS = 1024;
// At the gateway's stop a client that is sending or taking something has so long to be done.
inline constexpr std::chrono::seconds kStopGrace{5};
// `home sync` and `join` wait for another home; more of them at once would eat the request threads.
inline constexpr int kMaxWaitingCalls = 8;

// TRUST.md T28.
inline constexpr size_t kMaxStreams = 16;
inline constexpr size_t kMaxStreamBufferBytes = 1 << 20;
// A stream that catches up is given more only below this, so that a long history never drops an honest reader.
inline constexpr size_t kCatchUpBufferBytes = 256 << 10;
// A stream whose filter passes nothing is told its place after so many numbers: a reader that comes back goes on from
// there, and not so far back that events are no longer kept (engine::kEventsKept).
inline constexpr uint64_t kStreamPlaceInterval = 1000;
// CONTRACT: a comment every 15 s.
inline constexpr std::chrono::milliseconds kStreamCommentInterval{15'000};
// A reader that takes nothing for so long, two comments, has gone without a word or hangs; it would keep one of the
// sixteen places until the operating system gives it up, a quarter of an hour later or never.
inline constexpr std::chrono::milliseconds kStreamStandstill{30'000};
// Rows and events that are rendered in one read transaction, and the bytes of events with which it ends.
inline constexpr size_t kEventBatch = 256;
inline constexpr size_t kEventBatchBytes = 4 << 20;

// Entities whose vectors one `status` looks at, those that changed since the last one: some 50 ms of work. After a start
// with more entities the later ones are looked at by the next calls.
inline constexpr size_t kVectorsALook = 20'000;
inline constexpr size_t kVectorBatch = 500;
// And of their versions, which are read with their documents.
inline constexpr size_t kVectorBytesALook = 16 << 20;
// Entities that one attention names; it counts the others.
inline constexpr size_t kNamedInAttention = 3;

// GET /doctor. What its dials, its own announcement and the check of the database may take, side by side. A live home answers in
// milliseconds; where nobody does, LAN links give up after five seconds, and the last of eight addresses is dialled two later.
inline constexpr std::chrono::milliseconds kDoctorDials{7'000};
inline constexpr std::chrono::milliseconds kDoctorVoice{4'000};
inline constexpr std::chrono::milliseconds kDoctorDatabase{3'000};
// A connection to this very machine.
inline constexpr std::chrono::milliseconds kDoctorPorts{1'000};
inline constexpr size_t kDoctorMaxPorts = 64;
inline constexpr size_t kDoctorFindings = 3;
// Free space of the data folder. Below the first SQLite soon cannot write. The second is a tenth of the disk, within bounds: a
// small card needs room for a backup, and a tenth of a large disk is no want.
inline constexpr uint64_t kDiskFailBytes = 100ull << 20;
inline constexpr uint64_t kDiskWarnLeastBytes = 1ull << 30;
inline constexpr uint64_t kDiskWarnMostBytes = 10ull << 30;
// What a memory card of 32 GB stands at least, some 300 times itself; and how long it should last.
inline constexpr double kCardStandsBytes = 10e12;
inline constexpr double kCardYears = 5;
// Before that the start itself is most of what was written.
inline constexpr int64_t kWritesMeasuredMs = 600'000;

// What a request with a strategy for one entity may name (names are matched against the five built-in ones).
inline constexpr size_t kMaxShownBytes = 128;

}  // namespace hearthgate::api
