package org.sealwax.mail.dns.validate;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.validate.SignedZones.ValidationOutcome;
import org.sealwax.testkit.fuzz.FuzzTarget;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneSigning;
import org.xbill.DNS.Message;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Messages of signed zones with changes to their bytes and records, before the validator. */
public final class ValidationFuzzTargets {
  /** Bytes of one change: which message, what, where (two), how. */
  private static final int CHANGE = 5;

  private static final int MAX_CHANGES = 20;

  private static final List<String> QUESTIONS =
      List.of(
          "secure.org MX",
          "_25._tcp.mx.secure.org TLSA",
          "none.secure.org A",
          "x.w.secure.org A",
          "alias.secure.org A",
          "mx.old.secure.org A",
          "_25._tcp.mx.nsec3.org TLSA",
          "none.nsec3.org A",
          "x.w.nsec3.org TXT");

  private ValidationFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    ForgedMessageSource forged = new ForgedMessageSource();
    return List.of(
        FuzzTarget.ofTexts(
            "dns-validate",
            forged::promise,
            "\0\0\0\0\7\0",
            "\1\0\1\0\50\1\1\2\0\0\3",
            "\2\0\2\0\3\0\0\3\0\4\0",
            "\6\0\4\0\1\2\1\4\0\2\3"));
  }

  /** The zones; made with the first input. */
  private static final class ForgedMessageSource {
    private @Nullable SignedZones made;
    private final Map<String, ValidationOutcome> truths = new HashMap<>();

    private SignedZones zones() throws IOException {
      SignedZones zones = made;
      if (zones == null) {
        String data =
            "@ MX 10 mx\nmx A 192.0.2.1\n_25._tcp.mx TLSA 3 1 1 "
                + "ab".repeat(32)
                + "\n*.w A 192.0.2.2\nalias CNAME mx\nold DNAME new\nmx.new A 192.0.2.3\n";
        zones =
            new SignedZones(
                Zone.of("org", "").signed(),
                Zone.of("secure.org", data).signed(),
                Zone.of("nsec3.org", data).signed(ZoneSigning.NSEC3),
                Zone.of("plain.org", data));
        for (String question : QUESTIONS) {
          truths.put(question, zones.judge(query(question).name(), query(question).type()));
        }
        made = zones;
      }
      return zones;
    }

    private static MessageSource.DnsQuery query(String question) {
      String[] words = question.split(" ");
      return new MessageSource.DnsQuery(SignedZones.name(words[0]), Type.value(words[1]));
    }

    private synchronized void promise(byte[] input) throws IOException {
      if (input.length == 0) {
        return;
      }
      SignedZones zones = zones();
      String question = QUESTIONS.get((input[0] & 0xff) % QUESTIONS.size());
      MessageSource.DnsQuery query = query(question);
      ValidationOutcome truth = java.util.Objects.requireNonNull(truths.get(question));
      List<MessageSource.DnsQuery> all = new ArrayList<>(truth.queries());
      all.sort(java.util.Comparator.comparing(SignedZones::text));
      Map<MessageSource.DnsQuery, @Nullable Message> forged = new HashMap<>();
      for (int i = 1; i + CHANGE <= input.length && i < MAX_CHANGES * CHANGE; i += CHANGE) {
        MessageSource.DnsQuery which = all.get((input[i] & 0xff) % all.size());
        Message before = forged.containsKey(which) ? forged.get(which) : zones.query(which);
        if (before != null) {
          int where = (input[i + 2] & 0xff) << 8 | input[i + 3] & 0xff;
          MessageSource.DnsQuery other = all.get(where % all.size());
          forged.put(
              which, change(before, zones.query(other), input[i + 1] & 0xff, where, input[i + 4]));
        }
      }
      ValidationOutcome after =
          zones.judge(
              query.name(),
              query.type(),
              asked -> {
                Message message =
                    forged.containsKey(asked) ? forged.get(asked) : zones.query(asked);
                if (message == null) {
                  throw new IOException("malformed");
                }
                return message;
              },
              new HashMap<>());
      holds(after.security() != DnssecStatus.INSECURE, question + " is insecure: " + after);
      holds(
          after.security() != DnssecStatus.SECURE || after.content().equals(truth.content()),
          question + " is not true: " + after);
    }

    /** Null when what comes out is not a message. */
    private static @Nullable Message change(
        Message message, Message other, int what, int where, byte how) {
      int section = Section.ANSWER + (what >> 4) % 3;
      List<Record> records = new ArrayList<>(message.getSection(section));
      switch (what % 6) {
        case 0, 1 -> {
          byte[] wire = message.toWire();
          int at = 2 + where % (wire.length - 2);
          wire[at] = what % 6 == 0 ? (byte) (wire[at] ^ how) : how;
          try {
            return new Message(wire);
          } catch (IOException | RuntimeException e) {
            return null;
          }
        }
        case 2 -> {
          List<Record> more = new ArrayList<>(other.getSection(Section.ANSWER));
          more.addAll(other.getSection(Section.AUTHORITY));
          if (!more.isEmpty()) {
            records.add(Math.abs(how) % (records.size() + 1), more.get(where % more.size()));
          }
        }
        case 3 -> {
          if (!records.isEmpty()) {
            records.remove(where % records.size());
          }
        }
        case 4 -> {
          message.getHeader().setRcode(how & 15);
        }
        default -> java.util.Collections.shuffle(records, new java.util.Random(where));
      }
      return SignedZones.with(message, section, records);
    }
  }
}
