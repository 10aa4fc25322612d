package org.sealwax.mail.tlsrpt;

import java.util.ArrayList;
import java.util.List;

/** The TXT records at {@code _smtp._tls.} (RFC 8460 section 3). */
public sealed interface ReportingPolicy {
  /** How a record begins. */
  String PREFIX = "v=TLSRPTv1";

  /** Addresses of one record that count: each causes one delivery a day. */
  int MAX_ADDRESSES = 4;

  /** Maximum number of bytes of a record. */
  int MAX_RECORD = 4_000;

  /**
   * Reports are requested.
   *
   * @param addresses at least one, at most {@link #MAX_ADDRESSES}
   */
  record Wanted(List<ReportAddress> addresses) implements ReportingPolicy {
    /** Copies. */
    public Wanted {
      addresses = List.copyOf(addresses);
    }
  }

  /** No record. */
  record None() implements ReportingPolicy {}

  /**
   * More than one record: senders act as if there were none (RFC 8460 section 3).
   *
   * @param records how many TLSRPT records there are
   */
  record Several(int records) implements ReportingPolicy {}

  /**
   * An invalid record: no reports (RFC 8460 section 3).
   *
   * @param why the reason in words, for logs
   */
  record Invalid(String why) implements ReportingPolicy {}

  /**
   * Reads the TXT records of the name, each with its strings joined.
   *
   * @param records the TXT records
   * @return the policy, none, or why it is invalid
   */
  static ReportingPolicy of(List<String> records) {
    List<String> ours = records.stream().filter(ReportingPolicy::isTlsRptRecord).toList();
    if (ours.isEmpty()) {
      return new None();
    }
    if (ours.size() > 1) {
      return new Several(ours.size());
    }
    String record = ours.getFirst();
    if (record.length() > MAX_RECORD) {
      return new Invalid("longer than " + MAX_RECORD + " bytes");
    }
    String[] fields = record.split(";", -1);
    List<ReportAddress> addresses = new ArrayList<>();
    boolean named = false;
    for (int i = 1; i < fields.length; i++) {
      String field = fields[i].strip();
      int equals = field.indexOf('=');
      String name = equals < 0 ? field : field.substring(0, equals).strip();
      if (!name.equals("rua")) {
        continue; // RFC 8460 §3: unknown fields are ignored
      }
      if (named) {
        return new Invalid("more than one rua field");
      }
      named = true;
      for (String address : field.substring(equals < 0 ? field.length() : equals + 1).split(",")) {
        if (addresses.size() < MAX_ADDRESSES) {
          ReportAddress.parse(address.strip()).ifPresent(addresses::add);
        }
      }
    }
    return addresses.isEmpty()
        ? new Invalid(named ? "no usable rua address" : "no rua")
        : new Wanted(addresses);
  }

  private static boolean isTlsRptRecord(String record) {
    if (!record.startsWith(PREFIX)) {
      return false;
    }
    String rest = record.substring(PREFIX.length()).stripLeading();
    return rest.startsWith(";");
  }
}
