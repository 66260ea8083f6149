#include "earshot.h"

#include <string.h>

#include "board.h"
#include "default_domain.h"
#include "domain_format.h"

_Static_assert((int)LISTENER_SLEEP == LINK_LISTENER_STATE_SLEEP &&
                   (int)LISTENER_HEAR == LINK_LISTENER_STATE_HEAR &&
                   (int)LISTENER_LISTEN == LINK_LISTENER_STATE_LISTEN &&
                   (int)LISTENER_SEND == LINK_LISTENER_STATE_SEND &&
                   (int)LISTENER_PLAY == LINK_LISTENER_STATE_PLAY &&
                   (int)LISTENER_FAULT == LINK_LISTENER_STATE_FAULT &&
                   LEDGER_STATES == LINK_LISTENER_STATE_COUNT,
               "the listener's states as the link tells them");
_Static_assert((int)BOARD_RESET_UNKNOWN == LINK_RESET_CAUSE_UNKNOWN &&
                   (int)BOARD_RESET_POWER_ON == LINK_RESET_CAUSE_POWER_ON &&
                   (int)BOARD_RESET_PIN == LINK_RESET_CAUSE_PIN &&
                   (int)BOARD_RESET_SOFTWARE == LINK_RESET_CAUSE_SOFTWARE &&
                   (int)BOARD_RESET_WATCHDOG == LINK_RESET_CAUSE_WATCHDOG &&
                   (int)BOARD_RESET_FAULT == LINK_RESET_CAUSE_FAULT &&
                   (int)BOARD_RESET_BROWNOUT == LINK_RESET_CAUSE_BROWNOUT &&
                   LINK_RESET_CAUSE_COUNT == 7,
               "the board's reset causes as the link tells them");

static void send(const struct earshot *earshot, enum link_frame type, const uint8_t *payload,
                 size_t count) {
    uint8_t wire[LINK_WIRE_MAX];
    const size_t bytes = link_frame_encode((uint8_t)type, payload, count, wire, sizeof wire);

    earshot->port.write(earshot->port.context, wire, bytes);
}

static void copy_name(char *to, const char *from, size_t most) {
    for (size_t i = 0; i < most && from[i] != '\0'; i++) {
        to[i] = from[i];
    }
}

static void send_hello(const struct earshot *earshot) {
    uint8_t payload[LINK_PAYLOAD_MAX];
    struct link_hello hello = {
        .version = LINK_VERSION,
        .model_crc32 = vad_model.crc32,
        .asr_crc32 = asr_model.crc32,
        .rate = earshot->identity.rate,
        .chunk = EARSHOT_CHUNK,
        .hop = FRONTEND_HOP,
        .domain_crc32 = earshot->upload.in_force.crc32,
        .reset_cause = earshot->identity.reset_cause,
        .boot = earshot->transcripts.boot,
        .unit = earshot->identity.unit,
        .build = earshot->identity.build,
    };
    copy_name(hello.board, earshot->identity.board, LINK_HELLO_BOARD_MAX);
    copy_name(hello.firmware, EARSHOT_VERSION, LINK_HELLO_FIRMWARE_MAX);
    copy_name(hello.model, vad_model.name, LINK_HELLO_MODEL_MAX);
    copy_name(hello.asr, RECOGNIZER_NAME, LINK_HELLO_ASR_MAX);
    copy_name(hello.domain, earshot->upload.in_force.name, LINK_HELLO_DOMAIN_MAX);
    send(earshot, LINK_HELLO, payload, link_hello_pack(&hello, payload, sizeof payload));
}

static void send_state(struct earshot *earshot, uint8_t probability_q8) {
    uint8_t payload[LINK_PAYLOAD_MAX];
    const struct link_state state = {
        .sample = earshot->listener.heard,
        .state = (uint8_t)earshot->listener.state,
        .speaking = earshot->listener.gate.open,
        .probability_q8 = probability_q8,
        .dropped = earshot->listener.ledger.dropped,
    };
    earshot->chunks_since_state = 0;
    send(earshot, LINK_STATE, payload, link_state_pack(&state, payload, sizeof payload));
}

static void send_score(const struct earshot *earshot, uint8_t probability_q8) {
    uint8_t payload[LINK_PAYLOAD_MAX];
    const struct link_score score = {
        .sample = earshot->listener.heard,
        .probability_q8 = probability_q8,
    };
    send(earshot, LINK_SCORE, payload, link_score_pack(&score, payload, sizeof payload));
}

static void send_from_outbox(struct earshot *earshot) {
    uint8_t payload[LINK_PAYLOAD_MAX], type;
    size_t count;

    if (outbox_take(&earshot->transcripts.outbox, &type, payload, &count)) {
        send(earshot, (enum link_frame)type, payload, count);
    }
}

static void send_domain_state(struct earshot *earshot) {
    uint8_t payload[LINK_PAYLOAD_MAX];
    struct link_domain_state state;

    if (upload_owes(&earshot->upload, &state)) {
        send(earshot, LINK_DOMAIN_STATE, payload,
             link_domain_state_pack(&state, payload, sizeof payload));
    }
}

static void send_ledger(const struct earshot *earshot) {
    const struct ledger *ledger = &earshot->listener.ledger;
    const struct outbox_lost *lost = &earshot->transcripts.outbox.lost;
    uint8_t payload[LINK_PAYLOAD_MAX];
    struct link_ledger frame = {
        .sample = earshot->listener.heard,
        .frames = ledger->frames,
        .inferences = ledger->inferences,
        .segments = ledger->segments,
        .speech_samples = ledger->speech_samples,
        .dropped = ledger->dropped,
        .asr_calls = ledger->asr_calls,
        .decoder_frames = ledger->decoder_frames,
        .transcripts = earshot->transcripts.transcripts,
        .rejected = earshot->transcripts.rejected,
        .segments_lost = lost->segments,
        .finals_lost = lost->finals,
        .partials_dropped = lost->partials,
    };
    for (uint32_t i = 0; i < LEDGER_STATES; i++) {
        frame.rows[i].samples = ledger->row[i].samples;
        frame.rows[i].cycles = ledger->row[i].cycles;
        frame.rows[i].entries = ledger->row[i].entries;
    }
    send(earshot, LINK_LEDGER, payload, link_ledger_pack(&frame, payload, sizeof payload));
}

static void send_config(const struct earshot *earshot) {
    uint8_t payload[LINK_PAYLOAD_MAX];

    send(earshot, LINK_CONFIG, payload,
         link_config_pack(&earshot->config, payload, sizeof payload));
}

static void send_log(const struct earshot *earshot, enum link_log_level level,
                     const struct text *text) {
    uint8_t payload[LINK_PAYLOAD_MAX];
    struct link_log log = {.level = (uint8_t)level, .text_length = (uint8_t)text->count};

    memcpy(log.text, text->bytes, text->count);
    send(earshot, LINK_LOG, payload, link_log_pack(&log, payload, sizeof payload));
}

static void tell_fault(const struct earshot *earshot) {
    struct text text = {0};

    text_add(&text, "the network ");
    text_add(&text, earshot->listener.failed->name);
    text_add(&text, " cannot run on this image: flash one that was built for it");
    send_log(earshot, LINK_LOG_LEVEL_ERROR, &text);
}

static void tell_lost(struct earshot *earshot) {
    struct text text = {0};

    if (transcripts_lost(&earshot->transcripts, &text)) {
        send_log(earshot, LINK_LOG_LEVEL_WARNING, &text);
    }
}

static void tell_damage(struct earshot *earshot) {
    struct text text = {0};

    text_add(&text, "frames from the host that were damaged or not understood since reset: ");
    text_add_number(&text, earshot->decoder.damaged);
    send_log(earshot, LINK_LOG_LEVEL_WARNING, &text);
    earshot->damaged_told = earshot->decoder.damaged;
}

static void tell_refusal(const struct earshot *earshot, const struct link_refusal *refusal) {
    struct text text = {0};

    text_add(&text, "CONFIG is refused: ");
    text_add(&text, refusal->field);
    text_add(&text, " is ");
    text_add_number(&text, refusal->value);
    text_add(&text, ", not from ");
    text_add_number(&text, refusal->min);
    text_add(&text, " to ");
    text_add_number(&text, refusal->max);
    send_log(earshot, LINK_LOG_LEVEL_WARNING, &text);
}

static struct listener_config listener_part(const struct link_config *config) {
    return (struct listener_config){
        .gate =
            {
                .on_q8 = config->on_q8,
                .off_q8 = config->off_q8,
                .min_speech_chunks = config->min_speech_chunks,
                .hangover_chunks = config->hangover_chunks,
                .hangover_complete_chunks = config->hangover_complete_chunks,
                .pre_roll_samples = config->pre_roll_samples,
            },
        .sleep_floor = config->sleep_floor,
        .sleep_after_chunks = config->sleep_after_chunks,
    };
}

static void introduce(struct earshot *earshot) {
    send_hello(earshot);
    send_state(earshot, 0);
    send_config(earshot);
}

static const struct upload_domain built_in = {
    .bytes = default_domain,
    .count = DEFAULT_DOMAIN_BYTES,
    .crc32 = DEFAULT_DOMAIN_CRC32,
    .source = LINK_DOMAIN_SOURCE_BUILT_IN,
    .name = DEFAULT_DOMAIN_NAME,
};

/* While the gate is closed. */
static void use_domain(struct earshot *earshot) {
    const struct upload_domain *in_force = &earshot->upload.in_force;
    const bool sound = in_force->bytes != NULL && domain_load(&earshot->domain, in_force->bytes,
                                                              in_force->count) == DOMAIN_SOUND;

    listener_use(&earshot->listener, sound ? &earshot->domain : NULL);
}

void earshot_init(struct earshot *earshot, const struct earshot_identity *identity,
                  const struct earshot_port *port) {
    memset(earshot, 0, sizeof *earshot);
    earshot->identity = *identity;
    earshot->port = *port;
    earshot->config = (struct link_config)LINK_CONFIG_DEFAULT;
    const struct listener_config config = listener_part(&earshot->config);
    const struct listener_parts parts = {
        .tables = identity->tables,
        .vad = &vad_model,
        .vad_arena = earshot->vad_arena,
        .vad_arena_bytes = sizeof earshot->vad_arena,
        .asr = &asr_model,
        .asr_arena = &earshot->asr_arena,
        .asr_arena_bytes = sizeof earshot->asr_arena.asr,
    };
    listener_init(&earshot->listener, &parts, &config);
    port->state(port->context, (uint8_t)earshot->listener.state);
    upload_init(&earshot->upload, identity->store, &built_in, &domain_format);
    use_domain(earshot);
    transcripts_init(&earshot->transcripts, store_count_boot(&earshot->upload.store));
    introduce(earshot);
    if (earshot->listener.state == LISTENER_FAULT) {
        tell_fault(earshot);
    }
}

static void take_config(struct earshot *earshot, const struct link_config *asked) {
    struct link_refusal refusal;

    if (link_config_check(asked, &refusal)) {
        const struct listener_config config = listener_part(asked);
        earshot->config = *asked;
        listener_configure(&earshot->listener, &config);
    } else {
        tell_refusal(earshot, &refusal);
    }
    send_config(earshot);
}

static void run_trial(struct earshot *earshot, const struct link_trial *asked) {
    uint8_t payload[LINK_PAYLOAD_MAX];
    struct link_trial_result result;
    const struct trial_parts parts = {
        .tables = earshot->identity.tables,
        .listener = &earshot->listener,
        .memory = &earshot->asr_arena,
        .image = earshot->identity.image,
        .image_bytes = earshot->identity.image_bytes,
        .context = earshot->port.context,
        .cycles = earshot->port.cycles,
        .state = earshot->port.state,
    };
    trial_answer(&earshot->trial, &parts, asked, &result);
    send(earshot, LINK_TRIAL_RESULT, payload,
         link_trial_result_pack(&result, payload, sizeof payload));
}

/* False: the frame is none that a host sends. */
static bool take_frame(struct earshot *earshot, const struct link_body *body) {
    union {
        struct link_hello hello;
        struct link_ack ack;
        struct link_config config;
        struct link_domain_begin begin;
        struct link_domain_data data;
        struct link_domain_control control;
        struct link_trial_input trial_input;
        struct link_trial trial;
        struct link_audio_request audio_request;
    } frame;

    switch (body->type) {
    case LINK_HELLO:
        /* In every version the version comes first: who asks in another one learns this one's. */
        if (body->count > 0 && body->payload[0] != LINK_VERSION) {
            send_hello(earshot);
            return true;
        }
        if (!link_hello_unpack(&frame.hello, body->payload, body->count)) {
            return false;
        }
        /* A HELLO with a board's name is an echo of this end's own: answering it would not end. */
        if (frame.hello.board[0] == '\0') {
            transcripts_asked(&earshot->transcripts);
            introduce(earshot);
        }
        return true;
    case LINK_ACK:
        if (!link_ack_unpack(&frame.ack, body->payload, body->count)) {
            return false;
        }
        transcripts_acked(&earshot->transcripts, &frame.ack);
        return true;
    case LINK_CONFIG:
        if (!link_config_unpack(&frame.config, body->payload, body->count)) {
            return false;
        }
        take_config(earshot, &frame.config);
        return true;
    case LINK_DOMAIN_BEGIN:
        if (!link_domain_begin_unpack(&frame.begin, body->payload, body->count)) {
            return false;
        }
        upload_begin(&earshot->upload, &frame.begin);
        return true;
    case LINK_DOMAIN_DATA:
        if (!link_domain_data_unpack(&frame.data, body->payload, body->count)) {
            return false;
        }
        upload_data(&earshot->upload, &frame.data);
        return true;
    case LINK_DOMAIN_CONTROL:
        if (!link_domain_control_unpack(&frame.control, body->payload, body->count)) {
            return false;
        }
        upload_control(&earshot->upload, (enum link_domain_action)frame.control.action);
        return true;
    case LINK_TRIAL_INPUT:
        if (!link_trial_input_unpack(&frame.trial_input, body->payload, body->count)) {
            return false;
        }
        trial_take(&earshot->trial, &frame.trial_input);
        return true;
    case LINK_TRIAL:
        if (!link_trial_unpack(&frame.trial, body->payload, body->count)) {
            return false;
        }
        run_trial(earshot, &frame.trial);
        return true;
    case LINK_AUDIO_REQUEST:
        if (!link_audio_request_unpack(&frame.audio_request, body->payload, body->count)) {
            return false;
        }
        recording_ask(&earshot->recording, &frame.audio_request);
        return true;
    default:
        return false;
    }
}

void earshot_receive(struct earshot *earshot, const uint8_t *bytes, size_t count) {
    struct link_body body;

    for (size_t i = 0; i < count; i++) {
        if (!link_decoder_take(&earshot->decoder, bytes[i], &body)) {
            continue;
        }
        if (take_frame(earshot, &body)) {
            outbox_heard(&earshot->transcripts.outbox);
            send_domain_state(earshot);
        } else {
            earshot->decoder.damaged++;
        }
    }
}

/* Returns its id, which its transcript has too. */
static uint32_t keep_segment(struct earshot *earshot, const struct gate_segment *segment) {
    const struct link_segment frame = {
        .start = segment->start,
        .end = segment->end,
        .peak_q8 = segment->peak_q8,
    };
    return transcripts_segment(&earshot->transcripts, &frame);
}

static void keep_final(struct earshot *earshot, uint32_t id) {
    struct link_final frame;

    transcript_frames_final(&earshot->listener.recognizer.final, id, earshot->config.reject_q8,
                            &frame);
    transcripts_final(&earshot->transcripts, &frame);
    earshot->partial_waits = false;
}

static void keep_partial(struct earshot *earshot) {
    struct link_partial frame;

    transcript_frames_partial(&earshot->listener.recognizer.partial, &frame);
    transcripts_partial(&earshot->transcripts, &frame);
    earshot->partial_waits = false;
    earshot->chunks_since_partial = 0;
}

static void keep_what_was_said(struct earshot *earshot, const struct listener_report *report,
                               const struct listener_work *work) {
    uint32_t id = 0;

    if (report->gate == GATE_CLOSED) {
        id = keep_segment(earshot, &report->segment);
    }
    if (work->cut) {
        id = keep_segment(earshot, &work->segment);
    }
    if (work->final) {
        keep_final(earshot, id);
    }
    earshot->chunks_since_partial++;
    earshot->partial_waits |= work->partial_changed && earshot->config.partials != 0;
    if (earshot->partial_waits &&
        earshot->chunks_since_partial >= earshot->config.partial_period_chunks) {
        keep_partial(earshot);
    }
}

static void send_audio(struct earshot *earshot, const int16_t *pcm, uint32_t dropped) {
    uint8_t payload[LINK_PAYLOAD_MAX];
    struct link_audio audio;

    if (!recording_chunk(&earshot->recording)) {
        return;
    }
    for (uint32_t at = 0; at < EARSHOT_CHUNK; at += recording_samples(&earshot->recording)) {
        audio.sample = earshot->listener.heard + at;
        audio.dropped = dropped;
        recording_frame(&earshot->recording, &pcm[at], &audio);
        send(earshot, LINK_AUDIO, payload, link_audio_pack(&audio, payload, sizeof payload));
    }
}

void earshot_chunk(struct earshot *earshot, const int16_t *pcm, uint32_t cycles_now,
                   uint32_t dropped_now) {
    send_audio(earshot, pcm, dropped_now);
    const struct listener_report report =
        listener_hear(&earshot->listener, pcm, cycles_now, dropped_now);

    earshot->chunks++;
    earshot->chunks_since_state++;
    outbox_tick(&earshot->transcripts.outbox);
    if (report.state_changed) {
        earshot->port.state(earshot->port.context, (uint8_t)earshot->listener.state);
    }
    const struct listener_work work = listener_work(&earshot->listener);
    if (earshot->listener.recognizer.open || work.final) {
        trial_disturbed(&earshot->trial);
    }
    if (work.faulted) {
        earshot->port.state(earshot->port.context, (uint8_t)earshot->listener.state);
    }
    const bool state_changed = report.state_changed || work.faulted;
    if (earshot->config.scores) {
        send_score(earshot, report.probability_q8);
    }
    keep_what_was_said(earshot, &report, &work);
    if (state_changed || report.gate != GATE_STAYS ||
        earshot->chunks_since_state == LINK_HEARTBEAT_CHUNKS) {
        send_state(earshot, report.probability_q8);
    }
    if (state_changed && earshot->listener.state == LISTENER_FAULT) {
        tell_fault(earshot);
    }
    send_from_outbox(earshot);
    if (upload_chunk(&earshot->upload, !earshot->listener.gate.open)) {
        use_domain(earshot);
    }
    send_domain_state(earshot);
    tell_lost(earshot);
    if (earshot->chunks % earshot->config.ledger_period_chunks == 0) {
        send_ledger(earshot);
    }
    if (earshot->decoder.damaged != earshot->damaged_told) {
        tell_damage(earshot);
    }
}
