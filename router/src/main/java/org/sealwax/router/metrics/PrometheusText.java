package org.sealwax.router.metrics;

import java.util.List;
import org.sealwax.router.log.Counters;

/** Readings in Prometheus' text form, version 0.0.4. */
final class PrometheusText {
  static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private PrometheusText() {}

  static String of(List<Counters.MetricSamples> samples) {
    StringBuilder out = new StringBuilder(4096);
    for (Counters.MetricSamples r : samples) {
      out.append("# HELP ").append(r.name()).append(' ').append(r.help()).append('\n');
      out.append("# TYPE ").append(r.name()).append(r.gauge() ? " gauge\n" : " counter\n");
      for (Counters.Sample s : r.samples()) {
        out.append(r.name());
        if (!s.labels().isEmpty()) {
          out.append('{').append(s.labels()).append('}');
        }
        out.append(' ').append(s.value()).append('\n');
      }
    }
    return out.toString();
  }
}
