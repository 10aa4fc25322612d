package org.sealwax.dns.validate;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Master;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

/** Where trust begins, and where the operator says that it ends. */
public final class Anchors {
  /** One entry: the deepest one above a name decides about it. */
  sealed interface Anchor {
    /** Keys of a zone that are known beforehand. */
    record Trusted(Name zone, List<DSRecord> digests, List<DNSKEYRecord> keys) implements Anchor {}

    /** A zone that is treated as unsigned until a time (RFC 7646). */
    record Negative(Name zone, Instant until) implements Anchor {}
  }

  private final Map<Name, Anchor> anchors = new HashMap<>();

  private Anchors() {}

  /** The keys of the root that this release carries. */
  public static Anchors root() {
    try (InputStream in = Anchors.class.getResourceAsStream("root-anchors.txt")) {
      if (in == null) {
        throw new IllegalStateException("this build has no root anchors");
      }
      return of(
          new String(in.readAllBytes(), StandardCharsets.US_ASCII)
              .lines()
              .filter(line -> !line.isBlank() && !line.startsWith(";"))
              .toList());
    } catch (IOException e) {
      throw new IllegalStateException("cannot read the root anchors", e);
    }
  }

  /**
   * Trust anchors.
   *
   * @param lines each a DS or DNSKEY record in master file form with its owner name
   * @throws IllegalArgumentException when a line is anything else
   */
  public static Anchors of(List<String> lines) {
    Anchors anchors = new Anchors();
    for (String line : lines) {
      Record record = parse(line);
      Anchor.Trusted there =
          (Anchor.Trusted)
              anchors.anchors.computeIfAbsent(
                  record.getName(),
                  zone -> new Anchor.Trusted(zone, new ArrayList<>(), new ArrayList<>()));
      if (record instanceof DSRecord ds) {
        there.digests().add(ds);
      } else if (record instanceof DNSKEYRecord key) {
        there.keys().add(key);
      }
    }
    return anchors;
  }

  private static Record parse(String line) {
    byte[] text = line.getBytes(StandardCharsets.US_ASCII);
    try (Master master = new Master(new ByteArrayInputStream(text), Name.root, 0)) {
      master.disableIncludes(true);
      Record record = master.nextRecord();
      boolean known = record instanceof DSRecord || record instanceof DNSKEYRecord;
      if (!known || master.nextRecord() != null) {
        throw new IllegalArgumentException("not one DS or DNSKEY record: " + line);
      }
      return record;
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "not a DS or DNSKEY record: " + line + ": " + e.getMessage(), e);
    }
  }

  /**
   * The same with a negative trust anchor, which takes the place of a trust anchor for the same
   * name.
   *
   * @param until when it ends (RFC 7646 section 2)
   */
  public Anchors withNegative(Name zone, Instant until) {
    Anchors more = new Anchors();
    more.anchors.putAll(anchors);
    more.anchors.put(zone, new Anchor.Negative(zone, until));
    return more;
  }

  /** The zones that have a trust anchor, and so are signed. */
  public Set<Name> trusted() {
    return anchors.values().stream()
        .filter(Anchor.Trusted.class::isInstance)
        .map(a -> ((Anchor.Trusted) a).zone())
        .collect(Collectors.toSet());
  }

  /** The deepest anchor at or above a name; one that has ended is not there. */
  Optional<Anchor> closest(Name name, Instant now) {
    for (Name at = name; ; at = Names.parent(at)) {
      Anchor found = anchors.get(at);
      boolean ended = found instanceof Anchor.Negative n && !now.isBefore(n.until());
      if (found != null && !ended) {
        return Optional.of(found);
      }
      if (at.equals(Name.root)) {
        return Optional.empty();
      }
    }
  }
}
