/*
 * What goes wrong with simulated meters and their lines. One list; its comments say what
 * each fault does and what its value means. Faults are drawn per request from a seed, so
 * that a run repeats.
 */
#ifndef ECMON_SIMULATOR_FAULT_H
#define ECMON_SIMULATOR_FAULT_H

#include <stdint.h>

/* X(ID, name, class). A request is hit by one fault of class REPLY, the first that is
 * drawn, and by every fault of class VALUE; those of class LINE hit the whole line. "unit"
 * is the Modbus unit id or the DL/T 645 address. Frames stay sound (CRC, CS) unless said.
 */
#define FAULT_LIST(X)                                                                      \
    X(NONE, "none", REPLY)                                                                 \
    /* --- no answer, or another one --- */                                                \
    X(MUTE, "mute", REPLY)           /* takes the request, never answers */                \
    X(EXCEPTION, "exception", REPLY) /* value: code; DL/T 645: error byte of D1 */         \
    X(CLOSE, "close",                                                                      \
      REPLY) /* closes the connection instead of answering; serial: mute */                \
    X(RESET_HALF, "reset_half", REPLY) /* half the reply, then RST; serial: truncate */    \
    X(WRONG_UNIT, "wrong_unit", REPLY)                                                     \
    X(WRONG_ID, "wrong_id", REPLY) /* Modbus TCP: transaction id; DL/T 645: identifier;    \
                                      RTU, which has none: function */                     \
    X(WRONG_FUNCTION, "wrong_function", REPLY) /* 03 for 04; DL/T 645: 92 for 91 */        \
    X(WRONG_PROTOCOL, "wrong_protocol", REPLY) /* Modbus TCP: protocol id 1 */             \
    X(WRONG_LENGTH, "wrong_length", REPLY) /* length field (RTU: byte count) + 2, or value \
                                            */                                             \
    X(SHORT, "short", REPLY) /* a sound frame with two bytes of data less than asked */    \
    X(NO_OFFSET, "no_offset", REPLY)           /* DL/T 645: data without + 33H */          \
    X(WRONG_SEQUENCE, "wrong_sequence", REPLY) /* DL/T 645: number of a follow-up frame +  \
                                                  value; 0: + 1 */                         \
    X(MUTE_FOLLOW, "mute_follow", REPLY) /* DL/T 645: no answer to function 12 only */     \
    X(GAP, "gap", REPLY) /* 02 (DL/T 645: no such data) to reads that touch register       \
                            (identifier) value */                                          \
    /* --- bytes --- */                                                                    \
    X(TRUNCATE, "truncate", REPLY) /* half the reply, then silence */                      \
    X(GARBAGE, "garbage", REPLY)   /* random bytes instead of the reply, as many */        \
    X(GARBAGE_BEFORE, "garbage_before", REPLY) /* value random bytes, default 5 */         \
    X(GARBAGE_INSIDE, "garbage_inside", REPLY)                                             \
    X(GARBAGE_AFTER, "garbage_after", REPLY)                                               \
    X(FLIP, "flip", REPLY) /* one bit turned: bad CRC, CS. value: its number from 1 on; 0: \
                              drawn */                                                     \
    X(COLLISION, "collision", REPLY) /* another meter of the same unit answers at the same \
                                        time: both replies, wired AND */                   \
    /* --- time --- */                                                                     \
    X(DELAY, "delay", REPLY)         /* value: ms at most, uniform from 0 */               \
    X(DRIBBLE, "dribble", REPLY)     /* value: ms between two bytes */                     \
    X(TWICE, "twice", REPLY)         /* the reply, and once more */                        \
    X(COALESCED, "coalesced", REPLY) /* every other reply waits and comes in one piece     \
                                        with the next */                                   \
    X(SPLIT, "split", REPLY) /* two pieces, value ms apart (default 1); the split moves on \
                                by a byte with each reply */                               \
    /* --- values: sound replies that say something else --- */                            \
    X(NO_VALUE, "no_value", VALUE) /* NaN, FF and the profile's missing code number value  \
                                    */                                                     \
    X(INFINITE, "infinite", VALUE) /* of floating registers; others as no_value */         \
    X(DENORMAL, "denormal", VALUE)                                                         \
    X(FROZEN, "frozen", VALUE) /* the values of the first reply, again and again */        \
    X(STEP, "step", VALUE) /* energy registers + value; with percent < 100: spikes, or two \
                              meters that answer in turn */                                \
    X(ZERO, "zero", VALUE) /* energy registers read 0 */                                   \
    X(ROLLOVER, "rollover", VALUE) /* energy registers go on from value (default 10)       \
                                      before their range, through 0 */                     \
    X(RESET, "reset", VALUE)       /* energy registers begin again at value */             \
    X(EXCHANGE, "exchange", VALUE) /* as reset, and the serial number is the next one */   \
    X(CLOCK, "clock", VALUE)       /* the meter's clock is value seconds ahead */          \
    /* --- lines --- */                                                                    \
    X(ECHO, "echo", LINE)     /* every request comes back at once */                       \
    X(BABBLE, "babble", LINE) /* value random bytes a second, default 1000 */              \
    X(UNPLUG, "unplug", LINE) /* no line: the pty and its link are gone; TCP: connections  \
                                 closed, new ones refused */                               \
    X(DEAF, "deaf", LINE)     /* reads nothing: the client's writes get stuck */           \
    X(NO_ACCEPT, "no_accept", LINE)     /* TCP: new connections hang */                    \
    X(WRONG_SPEED, "wrong_speed", LINE) /* serial: the meters' baud rate is value; through \
                                           a port of another one bytes come mangled */

enum fault_kind {
#define FAULT_ENUM(id, name, class) FAULT_##id,
    FAULT_LIST(FAULT_ENUM)
#undef FAULT_ENUM
    FAULT_COUNT
};

enum fault_class {
    FAULT_CLASS_REPLY,
    FAULT_CLASS_VALUE,
    FAULT_CLASS_LINE
};

struct fault {
    enum fault_kind kind;
    int32_t value;
    int32_t percent; /* of requests that are hit: 1..100; of lines: 100 */
};

/* A fault with its time, on the loop's monotonic clock from simulator_start on. */
struct planned_fault {
    struct fault fault;
    int64_t from_ms;
    int64_t until_ms; /* exclusive; 0: for good */
};

const char *fault_name(enum fault_kind kind);
enum fault_class fault_class(enum fault_kind kind);
/* Returns FAULT_COUNT when no fault has that name. */
enum fault_kind fault_from_name(const char *name);

#endif
