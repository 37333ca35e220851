/* SPDX-License-Identifier: MIT */
#ifndef BENCH_RUN_PRIVATE_H
#define BENCH_RUN_PRIVATE_H

/*
 * The inside of the load engine:
 *
 *	run.c             coordinator: phases, end
 *	run_course.c      coordinator: what is told of each interval
 *	run_setup.c       from scenario to crews, workers, actors
 *	run_route.c       who should get what
 *	run_books.c       who has got it: expected, lost
 *	run_drain.c       whether more is to come
 *	run_figures.c     what the workers found out, added up
 *	worker.c          one loop's share: connect ramp, figures
 *	sending.c         one loop's share: the schedules of the open model
 *	actor.c           one client's connection: start, up, down, events
 *	actor_connect.c   who it says it is, and where it connects to
 *	actor_subscribe.c subscriptions, also those given back for a while
 *	actor_send.c      publishing: open and closed model
 *	backlog.c         what waits to be published, and for what
 *	actor_output.c    what was sent, but has not left yet
 *	actor_receive.c   deliveries, acknowledgements, slow consumers
 *	receiver.c        who is there to get what
 *	churn.c           clients that come and go on purpose
 *	tidy.c            nothing is left at the broker
 *
 * A crew is a group of the scenario as this process runs it; a squad is the
 * part of a crew on one worker; an actor is one client. After the setup
 * everything below a worker belongs to its loop's thread; the coordinator
 * talks to it by tasks and reads its progress (atomics), until the loops
 * have been stopped and all is the coordinator's again. What can be done with
 * an actor is in bench/actor.h.
 */

#include <stdatomic.h>

#include "bench/backlog.h"
#include "bench/payload.h"
#include "bench/receiver.h"
#include "bench/route.h"
#include "bench/run.h"
#include "client/conn.h"
#include "client/pool.h"
#include "client/sync.h"

struct actor;
struct worker;

/* A publishing entry of a group. Read-only while the run goes on. */
struct entry {
	const struct publish_plan *plan;
	uint32_t number;       /* in the whole scenario */
	uint32_t first_stream; /* stream number of the group's client 0 */
	bool varies;           /* topics differ from message to message */
	struct schedule_config schedule;
	uint64_t payload_seed;
};

/* Sends as fast as it goes. */
static inline bool entry_is_closed(const struct entry *e)
{
	return e->plan->rate <= 0 && e->plan->arrival != ARRIVAL_TRACE;
}

/* Each receiver's messages of it can be told one by one. */
static inline bool entry_is_tracked(const struct entry *e)
{
	return !e->varies && e->plan->payload.header != HEADER_NONE;
}

struct crew {
	struct run *run;
	const struct group *group;
	uint32_t number;
	struct share share;     /* of this process */
	int pinned;             /* worker of all of it, or -1 */
	uint64_t first_connect; /* number of its first client in the order
				 * of connects */
	/* Absolute; CLOCK_NEVER: not known yet. Workers may be connecting when
	 * it becomes known. */
	_Atomic uint64_t connect_begin;
	struct entry *entries;             /* group->publish_count of them */
	struct connect connect;            /* without identity */
	size_t first_target, target_count; /* of the run's */
	struct conn_target *targets; /* of connections that are up; as many as
				      * the run has */
	struct buf connect_props;
	uint16_t window, aliases;
	bool is_closed;       /* has entries without a rate */
	bool receives;        /* subscribes to something */
	bool is_kept;         /* with QoS 1 or 2 */
	uint32_t share_group; /* stands for all that its clients are in, and
			       * crews that meet there; 0: none */
	bool hears[FATES];    /* is there somebody who sends such messages? */
	bool is_shared;       /* its subscriptions are one receiver */
	bool is_slow;
};

/* What a connect attempt needs; freed when it is over. */
struct attempt {
	struct timer timer; /* until it begins */
	struct actor *actor;
	struct conn_target target;
	struct connect connect;
	struct buf text; /* id, user, password, will */
	/* Dial, addresses, socket, streams. */
	uint64_t begun, resolved, connected;
	uint64_t ready; /* CONNECT was sent then; 0: not yet */
	bool looks_up;  /* see struct run_target */
};

/* A message that the connection was given. */
struct handed {
	struct actor *actor;
	uint64_t intended; /* ns since the epoch */
	uint64_t at;       /* absolute: when it was given */
	uint64_t waited;   /* for the socket, in the backlog before */
	uint64_t seq;      /* in the store; 0: QoS 0 */
	size_t size;       /* on the wire */
	uint32_t entry;
};

struct handed_list {
	struct handed *v;
	size_t count, cap;
};

/* An acknowledgement that is held back. */
struct held_ack {
	uint64_t due, delivery;
};

struct slow {
	struct timer ack_timer, pause_timer;
	struct actor *actor;
	struct held_ack *acks;
	uint32_t head, count, cap; /* a ring; cap is a power of two */
	bool is_pausing;
};

enum actor_state {
	ACTOR_IDLE, /* not connected, nothing under way */
	ACTOR_CONNECTING,
	ACTOR_SUBSCRIBING,
	ACTOR_READY,
	ACTOR_LEAVING, /* disconnects on purpose */
	ACTOR_GONE,    /* gave up */
};

struct actor {
	struct conn conn;
	struct squad *squad;
	struct store *store;
	struct attempt *attempt;   /* while connecting */
	struct backlog *backlog;   /* NULL: nothing waits */
	struct slow *slow;         /* NULL: not slow */
	struct receiver *receiver; /* NULL: subscribes to nothing */
	uint64_t since;            /* when connect or request was due */
	uint32_t place;            /* in the squad */
	uint16_t in_flight;
	uint16_t window;
	uint16_t moves;     /* from target to target */
	uint32_t been_at;   /* bits by target: may have left something there */
	uint8_t state;      /* enum actor_state */
	uint8_t attempts;   /* failed first connects */
	uint8_t is_present; /* bits by fate: a member of its receiver */
	bool was_up : 1;
	bool has_old : 1;       /* messages of a lost session */
	bool is_touched : 1;    /* stands in worker.touched */
	bool is_hungry : 1;     /* stands in worker.hungry */
	bool is_blocked : 1;    /* by its socket */
	bool is_leaver : 1;     /* churn took it down */
	bool is_cleaner : 1;    /* connects only to end its session */
	bool has_session : 1;   /* the broker may keep one */
	bool keeps_session : 1; /* and it will have that again */
};

struct squad {
	struct worker *worker;
	struct crew *crew;
	struct share share;
	struct actor *actors; /* share.count of them */
	uint64_t *sequences;  /* next number: [place][entry] */
	uint64_t *unaccepted; /* the same; NULL until there is one */
	uint64_t *served;     /* first deliveries in the measured phase, by
			       * place; NULL: not of a share group */
	/* By place, what few clients have: subscriptions that they give back,
	 * and messages that their socket did not take. NULL where none has. */
	struct absence *absences;
	struct output **outputs;
	uint64_t *quota;     /* closed model with a count: what is left;
			      * NULL: no limit */
	uint32_t ramp_place; /* the next to connect for the first time */
	struct timer churn_timer;
	uint32_t churn_times;     /* done */
	uint32_t churn_next;      /* place to go on at */
	double churn_rest;        /* of a client, for small shares */
	struct timer stage_timer; /* closed model with stages */
	bool may_send;            /* closed model: within an active stage */
};

/* An open-model entry of a squad. */
struct source {
	struct heap_node node; /* deadline: absolute time */
	struct squad *squad;
	const struct entry *entry;
	uint32_t entry_index; /* in the group */
	struct schedule schedule;
	uint64_t intended; /* of the next message */
	uint32_t client;
};

struct actor_list {
	struct actor **v;
	size_t count, cap;
};

/* Timings kept for each interval as well as for the measured phase. */
enum brief { BRIEF_E2E, BRIEF_ACK, BRIEF_LAG, BRIEF_TURN, BRIEF_COUNT };

/* The tag of a message carries when it was meant to leave (44 bits of ns:
 * five hours, then it wraps), which entry of its group it is of (4), and how
 * late it left (a histogram slot, 16). Answers have this one instead. */
#define RESPONSE_TAG UINT64_MAX
#define TAG_TIME_BITS 44
#define TAG_ENTRY_BITS 4
_Static_assert(GROUP_PUBLISHES_MAX <= 1 << TAG_ENTRY_BITS,
	       "an entry must fit into a tag");

/* What the coordinator may look at while the run goes on. */
struct progress {
	atomic_uint_fast64_t connected, ready, gone; /* clients now */
	atomic_uint_fast64_t expected; /* deliveries of varying topics */
	atomic_uint_fast64_t unique;
	/* Schedules that are not at their end; messages that clients without
	 * one may still send, where that is limited. */
	atomic_uint_fast64_t sources, quota;
	atomic_bool is_tidy; /* no retained message is left */
};

/* What a worker hands over for an interval: by turns the worker's, while it
 * carries out the order, and the coordinator's. */
struct handover {
	struct account account;          /* since the begin */
	struct hist briefs[BRIEF_COUNT]; /* of the interval */
	double cpu;                      /* seconds of the thread so far */
	uint64_t busy;                   /* ns spent in turns so far */
};

/* Where the removal of retained messages stands. */
struct tidy {
	size_t target;
	size_t crew, entry; /* entry: the will comes last */
	uint32_t place;
	uint64_t number;      /* of the message */
	struct actor *sender; /* for those who are not there */
	struct actor *helper; /* who has come back for that, */
	bool is_called;       /* to this target */
	bool is_going;        /* more is to be done */
	uint64_t *left;       /* hashes of what could not be taken back */
	size_t left_count, left_cap;
};

struct worker {
	struct run *run;
	struct loop *loop;
	unsigned number;
	struct squad *squads;     /* one for each crew, perhaps empty */
	struct receiver *shares;  /* list of the share groups here; owned,
				   * other receivers are their actor's */
	struct payload *payloads; /* one for each entry of the scenario */
	struct source *sources;
	size_t source_count;
	struct heap due; /* of sources */

	struct timer connect_timer, send_timer, probe_timer, watch_timer;
	struct hist floor; /* timer lag of an idle loop */
	atomic_bool is_calibrated;
	struct task task; /* the coordinator's orders */
	struct task hungry_task;
	void (*order)(struct worker *w);
	unsigned pending, pending_max;
	uint64_t room_since; /* when there was room for one more at last */
	struct {
		uint64_t from, to; /* when the ramp's timer was due, and came */
	} ramp_late;
	struct actor_list queue; /* reconnects that wait for their turn */
	size_t queue_head;
	uint64_t sending_until; /* 0: not sending; absolute */
	bool has_begun;         /* to send, now or once */
	bool is_over;           /* no more connects, but for tidying up */
	bool is_counted;        /* the books are closed */
	struct tidy tidy;

	struct actor_list touched, hungry;
	struct handed_list handed; /* in this turn of the loop */
	struct actor *probed;      /* its ping is under way */
	uint64_t probed_at;
	struct buf topic, filter, props; /* scratch */
	const struct actor *topic_of;    /* what the topic in it belongs to; */
	const struct entry *topic_entry; /* NULL: to one message */
	struct pcg random;

	struct account account;
	struct hist timings[TIMING_COUNT];
	struct hist briefs[BRIEF_COUNT];
	uint32_t window;       /* the least of its publishers; 0: none */
	uint64_t waited;       /* messages that stood in a backlog */
	uint64_t measured_due; /* by the schedule, in the measured phase */
	uint64_t measured_sent, measured_delivered; /* of those */
	uint64_t sent_in_time, delivered_in_time;   /* by the clock */
	/* Of the measured phase, by QoS: skipped or left over; sent, and never
	 * acknowledged (PUBACK or PUBREC); and never completed after that. */
	uint64_t measured_unsent[3], measured_unacked[3];
	uint64_t measured_uncompleted;
	uint64_t refused_fan; /* deliveries that refusals have saved */
	uint64_t untracked;
	uint64_t busy;       /* ns in turns */
	clockid_t cpu_clock; /* of its thread */
	double cpu_marks[2]; /* at begin and end of the measured phase */
	uint64_t *unique;    /* by stream: first deliveries here */
	struct cause causes[RESULT_CAUSES];
	/* Look-ups that never began, for those that are under way: what
	 * becomes of these is the reason to tell. */
	struct cause crowded[RESULT_CAUSES];
	enum err_kind worst_kind;

	struct progress progress;
	/* The coordinator's between orders. */
	uint64_t expected, unsettled; /* deliveries; messages not done */
	uint64_t present;             /* what came of these deliveries */
	uint64_t away, missing;       /* receivers; what they still miss */
	struct handover handover;
	double told_cpu; /* handover.cpu of the interval before */
	bool is_done;    /* with the order; guarded by run->lock */
};

struct sent_stream {
	uint64_t sent, unaccepted;
};

struct run {
	const struct run_config *config;
	const struct scenario *scenario;
	struct result *result;
	struct crew *crews;
	size_t crew_count;
	struct entry *entries;
	size_t entry_count;
	uint32_t stream_count;
	struct pool *pool;
	struct worker *workers;
	size_t worker_count;
	uint64_t clients; /* of this process */
	struct header_tag tag;
	bool has_unmarked;   /* some entries have no header */
	uint64_t epoch;      /* clock_boot() at time 0 of the headers */
	uint64_t begin;      /* of connecting */
	uint64_t send_begin; /* 0: not yet; absolute */
	uint64_t meeting;    /* when all shards begin; 0: nobody said */
	/* Absolute. Set while workers may be receiving already, the begin
	 * first; an early end of the run brings the ends forward. */
	_Atomic uint64_t measure_begin, measure_end, send_end;
	struct route *route;         /* made when all have subscribed */
	bool route_failed;           /* for want of memory; under the lock */
	struct route *planned;       /* of all shards, where topics vary */
	const struct route *varying; /* for these; NULL: no topic varies */
	struct receiver **receivers; /* by number in the route */
	size_t receiver_count;
	_Atomic uint32_t *fanout; /* by stream: receivers of its topic, but for
				   * those that were away */
	struct sent_stream *sent; /* by stream, while it drains; with others in
				   * config->common */
	bool needs_others;        /* to know what its receivers should get */
	bool has_settled, has_counted; /* said so to the others */
	uint64_t told;                 /* unique deliveries that they know of */
	uint64_t away;    /* how many receivers fanout leaves out */
	uint64_t excused; /* deliveries missing, but not lost: the
			   * broker never accepted the message */
	enum run_phase phase;
	double marked;  /* seconds between the marks of the processor time */
	bool must_stop; /* an early end was asked for */

	struct mutex lock;
	struct cond done; /* an order was carried out */
};

/* run.c: ends the run early; the text goes into the result, the kind is the
 * exit status (ERR_NONE: that of a signal). */
void run_stop(struct run *r, enum err_kind kind, const char *why);

/* run_course.c */
/* What the coordinator keeps from interval to interval. */
struct course {
	uint64_t next, last; /* absolute */
	struct account before;
	double cpu, throttled, steal; /* seconds so far */
	uint64_t alone_since;         /* nobody is connected; 0: somebody is */
};
void course_begin(const struct run *r, struct course *c);
/* When it is known when sending begins, from which intervals count. */
void course_align(const struct run *r, struct course *c);
/* Ends the interval that is under way, and tells of it. */
void course_collect(struct run *r, struct course *c);

/* Of all workers, by their progress. */
uint64_t run_sum(const struct run *r, size_t offset);
#define RUN_SUM(run, member) run_sum(run, offsetof(struct progress, member))

/* run_setup.c */
int run_setup(struct run *r, struct err *e) MUST_CHECK;
void run_teardown(struct run *r);
/* The number of a client in its group. */
static inline uint32_t actor_client(const struct actor *a)
{
	return a->squad->share.first + a->place * a->squad->share.step;
}
/* Appends its i-th filter. */
int actor_filter(const struct actor *a, size_t i, struct buf *ret) MUST_CHECK;
/* Which of the run's targets it goes to. */
size_t actor_target_number(const struct actor *a);
/* What its connection refers to when it is up. */
const struct conn_target *actor_target(const struct actor *a);
/* Of more targets than bits some have one in common. */
static inline uint32_t actor_target_bit(size_t target)
{
	return 1u << target % 32;
}

/* run_route.c */
int run_build_route(struct run *r, struct err *e) MUST_CHECK;
/* Counts again how many receivers each topic has, but for who was away. */
int run_count_fanout(struct run *r) MUST_CHECK;

/* run_drain.c */
/* Once the route is built: does all depend on what others send? */
void run_note_others(struct run *r);
/* Has everything arrived that can be expected? Once nothing is sent any more;
 * is_quiet: and nothing has come for a while. */
bool run_has_all(struct run *r, bool is_quiet);
/* When the loops have ended: fills in the result. */
int run_balance(struct run *r, struct err *e) MUST_CHECK;

/* run_figures.c, when the loops have ended. */
int run_take_figures(struct run *r) MUST_CHECK;
/* Once the books are balanced. */
void run_count_late(struct run *r);

/* worker.c */
void worker_init(struct worker *w, struct run *r, unsigned number);
/* Has `order` carried out on each worker's thread, and waits for that. */
void run_order(struct run *r, void (*order)(struct worker *w));
/* How late its timers are while it has nothing to do: TIMING_LAG_TIMER. */
void worker_calibrate(struct worker *w);
void worker_start_connecting(struct worker *w);
void worker_start_sending(struct worker *w);
void worker_stop_sending(struct worker *w);
/* Processor time of its thread so far; the coordinator's. */
double worker_cpu_seconds(const struct worker *w);
void worker_disconnect_all(struct worker *w);
void worker_hand_over(struct worker *w);
/* A connect is over, well or badly: the next may begin. */
void worker_connect_over(struct worker *w);
/* One that was due then begins now: whose doing is the time in between? */
void worker_record_connect(struct worker *w, uint64_t due, uint64_t now);
/* A client wants back; it waits when too many connects are under way. */
void worker_reconnect(struct worker *w, struct actor *a, uint64_t due);
/* Its output is to be flushed soon, by worker_flush(). */
void worker_touch(struct worker *w, struct actor *a);
void worker_flush(struct worker *w);
/* It can send again: actor_go_on() in the next turn. */
void worker_feed(struct worker *w, struct actor *a);
void worker_record(struct worker *w, enum timing t, uint64_t intended,
		   uint64_t ns);
void worker_add_cause(struct worker *w, const struct err *why);
/* Nothing that happens while tidying up is in the books. */
static inline void worker_count(struct worker *w, enum count what, uint64_t n)
{
	if (!w->is_counted)
		w->account.n[what] += n;
}
/* Is a message that was meant for that time part of the measurement? */
static inline bool run_measures(const struct run *r, uint64_t intended)
{
	uint64_t at = r->epoch + intended;

	return at >= r->measure_begin && at < r->measure_end;
}

/* Is it now that rates are measured? */
static inline bool run_is_measuring(const struct run *r, uint64_t now)
{
	return now >= r->measure_begin && now < r->measure_end;
}

/* sending.c: of the worker's own thread. */
void sending_init(struct worker *w);
void sending_start(struct worker *w);
void sending_stop(struct worker *w);
/* At the very end: counts what was due and is still not sent. */
void sending_skip_rest(struct worker *w);

/* tidy.c: after the books are closed. */
/* Takes back what was retained; progress.is_tidy when that is done. */
void worker_remove_retained(struct worker *w);
void tidy_go_on(struct worker *w);
/* What is still there, to the books; when the loops have ended. */
void tidy_count_rest(struct run *r);
/* Ends the sessions of clients that are not connected. */
void worker_end_sessions(struct worker *w);

/* churn.c */
void churn_start(struct squad *s);
void churn_stop(struct squad *s);

#endif
