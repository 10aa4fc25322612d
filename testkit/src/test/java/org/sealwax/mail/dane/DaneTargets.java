package org.sealwax.mail.dane;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** TLSA record sets of any bytes. */
public final class DaneTargets {
  private DaneTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    byte[] good = record(3, 1, 1, 32);
    byte[] both = Arrays.copyOf(good, good.length + 68);
    System.arraycopy(record(3, 1, 2, 64), 0, both, good.length, 68);
    return List.of(
        new FuzzTarget(
            "tlsa-set",
            List.of(good, both, record(2, 0, 0, 200), record(0, 1, 1, 32), record(3, 1, 1, 31)),
            DaneTargets::promise));
  }

  /** Usage, selector, matching type, length, data. */
  private static byte[] record(int usage, int selector, int matching, int bytes) {
    byte[] out = new byte[4 + bytes];
    out[0] = (byte) usage;
    out[1] = (byte) selector;
    out[2] = (byte) matching;
    out[3] = (byte) bytes;
    return out;
  }

  private static List<TlsaRecord> records(byte[] input) {
    List<TlsaRecord> records = new ArrayList<>();
    int at = 0;
    while (at + 4 <= input.length) {
      int end = Math.min(input.length, at + 4 + (input[at + 3] & 0xff));
      records.add(
          new TlsaRecord(
              input[at] & 0xff,
              input[at + 1] & 0xff,
              input[at + 2] & 0xff,
              HexFormat.of().formatHex(input, at + 4, end)));
      at = end;
    }
    return records;
  }

  private static void promise(byte[] input) {
    List<TlsaRecord> published = records(input);
    TlsaSet set = TlsaSet.of(published);
    Set<TlsaAssociation> usable = set.usable();
    holds(usable.size() <= TlsaSet.MAX_USABLE, "too many");
    holds(
        set.records().stream().map(TlsaSet.CheckedTlsa::record).collect(Collectors.toSet()).size()
            == Set.copyOf(published).size(),
        "a record vanished");
    for (TlsaAssociation a : usable) {
      holds(a.usage() == 2 || a.usage() == 3, "usage of " + a);
      holds(
          published.contains(new TlsaRecord(a.usage(), a.selector(), a.matching(), a.data())),
          "not published: " + a);
      holds(
          a.matching() != 1
              || usable.stream()
                  .noneMatch(
                      b ->
                          b.usage() == a.usage()
                              && b.selector() == a.selector()
                              && b.matching() == 2),
          "RFC 7671 9: " + a);
    }
    // Nothing usable although one record alone would be: agility must never leave nothing.
    boolean oneAlone = published.stream().anyMatch(r -> !TlsaSet.of(List.of(r)).usable().isEmpty());
    holds(oneAlone != usable.isEmpty(), "usable alone, and not together");
    holds(!usable.isEmpty() || published.isEmpty() || !set.why().isEmpty(), "no word why");
    Collections.reverse(published);
    holds(TlsaSet.of(published).equals(set), "the order matters");
  }
}
