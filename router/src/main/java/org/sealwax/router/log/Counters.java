package org.sealwax.router.log;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * Counts and gauges by name, cheap to raise from any thread. Names and labels follow Prometheus
 * ({@code sealwax_delivered_total{tls="may:trusted"}}); label values come from small vocabularies,
 * and beyond {@link #MAX_SERIES} of one name they are added up under {@code other}.
 */
public final class Counters {
  /**
   * Maximum number of series of one name: our labels stay below it, an attacker's can exceed it.
   */
  public static final int MAX_SERIES = 64;

  private final Map<String, MetricFamily> families = new ConcurrentSkipListMap<>();

  /** All series of one name. */
  private static final class MetricFamily {
    private final String help;
    private final boolean gauge;
    private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();
    private final Map<String, LongSupplier> gauges = new ConcurrentHashMap<>();

    private MetricFamily(String help, boolean gauge) {
      this.help = help;
      this.gauge = gauge;
    }
  }

  /** One line of the exposition. */
  public record Sample(String labels, long value) {}

  /** All samples of one name. */
  public record MetricSamples(String name, String help, boolean gauge, List<Sample> samples) {}

  /** The count of {@code name} without labels; made at zero on first use. */
  public LongAdder count(String name, String help) {
    return series(name, help, "");
  }

  /** The count of {@code name} with one label. */
  public LongAdder count(String name, String help, String label, String value) {
    return series(name, help, label + "=\"" + quoted(value) + "\"");
  }

  private LongAdder series(String name, String help, String labels) {
    MetricFamily family = family(name, help, false);
    LongAdder known = family.counts.get(labels);
    if (known != null) {
      return known;
    }
    String kept = labels;
    if (family.counts.size() >= MAX_SERIES) {
      kept = labels.substring(0, labels.indexOf('=') + 1) + "\"other\"";
    }
    return family.counts.computeIfAbsent(kept, k -> new LongAdder());
  }

  /** A gauge, read each time the metrics are collected. */
  public void gauge(String name, String help, LongSupplier value) {
    family(name, help, true).gauges.put("", value);
  }

  /** A gauge with one label, read each time the metrics are collected. */
  public void gauge(String name, String help, String label, String value, LongSupplier read) {
    family(name, help, true).gauges.put(label + "=\"" + quoted(value) + "\"", read);
  }

  /**
   * A counter that another class keeps, with one label, read each time the metrics are collected.
   */
  public void count(String name, String help, String label, String value, LongSupplier read) {
    family(name, help, false).gauges.put(label + "=\"" + quoted(value) + "\"", read);
  }

  private MetricFamily family(String name, String help, boolean gauge) {
    if (!name.startsWith("sealwax_")) {
      throw new IllegalArgumentException("not the name of a metric: " + name);
    }
    return families.computeIfAbsent(name, n -> new MetricFamily(help, gauge));
  }

  private static String quoted(String value) {
    StringBuilder out = new StringBuilder(value.length());
    for (int i = 0; i < Math.min(value.length(), 100); i++) {
      char c = value.charAt(i);
      out.append(c < 0x20 || c > 0x7e || c == '"' || c == '\\' ? '_' : c);
    }
    return out.toString();
  }

  /** Everything as it is now, by name. */
  public List<MetricSamples> read() {
    return families.entrySet().stream()
        .map(
            e -> {
              MetricFamily f = e.getValue();
              List<Sample> samples = new java.util.ArrayList<>();
              f.counts.forEach((labels, count) -> samples.add(new Sample(labels, count.sum())));
              f.gauges.forEach((labels, g) -> samples.add(new Sample(labels, g.getAsLong())));
              samples.sort(java.util.Comparator.comparing(Sample::labels));
              return new MetricSamples(e.getKey(), f.help, f.gauge, List.copyOf(samples));
            })
        .toList();
  }
}
