package org.sealwax.assess.serve;

import java.util.concurrent.atomic.LongAdder;

/** What the service has done since its start, for metrics. Thread-safe. */
final class ScanCounters {
  /** The media type of Prometheus' text form. */
  static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private final LongAdder done = new LongAdder();
  private final LongAdder declined = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final LongAdder responses = new LongAdder();
  private final LongAdder errors = new LongAdder();

  void done() {
    done.increment();
  }

  void declined() {
    declined.increment();
  }

  void failed() {
    failed.increment();
  }

  void refused() {
    refused.increment();
  }

  /** A response with this status was sent. */
  void responded(int status) {
    (status >= 400 ? errors : responses).increment();
  }

  /** All of it, in Prometheus' text form. */
  String text(ScanService service) {
    return """
    # HELP sealwax_assess_scans_total Scans that ended, by result.
    # TYPE sealwax_assess_scans_total counter
    sealwax_assess_scans_total{result="done"} %d
    sealwax_assess_scans_total{result="declined"} %d
    sealwax_assess_scans_total{result="failed"} %d
    # HELP sealwax_assess_requests_refused_total Requests for a scan over a limit.
    # TYPE sealwax_assess_requests_refused_total counter
    sealwax_assess_requests_refused_total %d
    # HELP sealwax_assess_responses_total HTTP responses; an error has a status of 400 or more.
    # TYPE sealwax_assess_responses_total counter
    sealwax_assess_responses_total{error="no"} %d
    sealwax_assess_responses_total{error="yes"} %d
    # HELP sealwax_assess_waiting Waiting scans.
    # TYPE sealwax_assess_waiting gauge
    sealwax_assess_waiting %d
    # HELP sealwax_assess_running Running scans.
    # TYPE sealwax_assess_running gauge
    sealwax_assess_running %d
    # HELP sealwax_assess_results Results stored.
    # TYPE sealwax_assess_results gauge
    sealwax_assess_results %d
    # HELP sealwax_assess_results_bytes Disk space of the results.
    # TYPE sealwax_assess_results_bytes gauge
    sealwax_assess_results_bytes %d
    """
        .formatted(
            done.sum(),
            declined.sum(),
            failed.sum(),
            refused.sum(),
            responses.sum(),
            errors.sum(),
            service.waiting(),
            service.running(),
            service.store().count(),
            service.store().bytes());
  }
}
