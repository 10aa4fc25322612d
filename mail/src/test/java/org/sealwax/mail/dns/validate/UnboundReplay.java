package org.sealwax.mail.dns.validate;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNAMERecord;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Master;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;
import org.xbill.DNS.WireParseException;

/**
 * One replay file of the Unbound project: the answers of authoritative servers between the steps,
 * and what a validating resolver must make of it. {@link #resolve} is a plain iterative resolver
 * over those servers.
 */
final class UnboundReplay {
  private static final int MAX_SENT = 60;

  /** One scripted message; without a question name it matches by type or always. */
  record ReplayEntry(Set<String> match, Set<String> flags, boolean copiesQuery, Message message) {
    boolean matches(Name name, int type) {
      Record question = message.getQuestion();
      if (question == null) {
        return !match.contains("qname") && !match.contains("qtype");
      }
      return (!match.contains("qname") || question.getName().equals(name))
          && (!match.contains("qtype") || question.getType() == type)
          && (!match.contains("subdomain") || name.subdomain(question.getName()));
    }
  }

  private record Range(int from, int to, Set<String> addresses, List<ReplayEntry> entries) {}

  private record Stub(Name zone, List<String> addresses, boolean forward) {}

  /** One step of the scenario. */
  record ReplayStep(int number, String what, @Nullable ReplayEntry entry, double elapsed) {}

  final String file;
  final List<String> anchors = new ArrayList<>();
  final List<Name> insecure = new ArrayList<>();
  final List<ReplayStep> steps = new ArrayList<>();
  private final List<Range> ranges = new ArrayList<>();
  private final List<Stub> stubs = new ArrayList<>();
  private final List<RRSIGRecord> signatures = new ArrayList<>();
  private final List<Message> seen = new ArrayList<>();
  private final Deque<String> lines = new ArrayDeque<>();
  private String date = "-1";

  private UnboundReplay(Path path) throws IOException {
    this.file = path.getFileName().toString();
    for (String raw : Files.readAllLines(path, StandardCharsets.ISO_8859_1)) {
      String line = raw.strip();
      if (!line.isEmpty() && !line.startsWith(";") && !line.startsWith("#")) {
        lines.add(line);
      }
    }
    configuration();
    scenario();
  }

  static UnboundReplay of(Path path) throws IOException {
    return new UnboundReplay(path);
  }

  private void configuration() throws IOException {
    boolean forward = false;
    Stub stub = null;
    for (String line = lines.poll(); line != null && !line.startsWith("CONFIG_END"); ) {
      String key = line.contains(":") ? line.substring(0, line.indexOf(':')) : line;
      String value = line.substring(Math.min(line.length(), key.length() + 1)).strip();
      String plain = value.replaceAll("\\s[#;].*", "").replaceAll("[\"']", "").strip();
      switch (key) {
        case "trust-anchor" -> anchors.add(numbered(plain));
        case "domain-insecure" -> insecure.add(Name.fromString(plain, Name.root));
        case "val-override-date" -> date = plain;
        case "forward-zone", "stub-zone" -> forward = key.startsWith("forward");
        case "name" -> {
          stub = new Stub(Name.fromString(plain, Name.root), new ArrayList<>(), forward);
          stubs.add(stub);
        }
        case "stub-addr", "forward-addr" -> {
          if (stub != null) {
            stub.addresses().add(plain.replaceAll("@.*", ""));
          }
        }
        default -> {}
      }
      line = lines.poll();
    }
  }

  private void scenario() throws IOException {
    for (String line = lines.poll(); line != null; line = lines.poll()) {
      String[] words = line.split("\\s+");
      if (line.startsWith("RANGE_BEGIN")) {
        range(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
      } else if (line.startsWith("STEP")) {
        String next = lines.peek();
        boolean has = next != null && next.startsWith("ENTRY_BEGIN");
        double elapsed = line.contains("ELAPSE") ? Double.parseDouble(words[words.length - 1]) : 0;
        steps.add(
            new ReplayStep(Integer.parseInt(words[1]), words[2], has ? entry() : null, elapsed));
      }
    }
  }

  private void range(int from, int to) throws IOException {
    Range range = new Range(from, to, new HashSet<>(), new ArrayList<>());
    ranges.add(range);
    for (String line = lines.peek(); line != null; line = lines.peek()) {
      if (line.startsWith("ENTRY_BEGIN")) {
        range.entries().add(entry());
        continue;
      }
      lines.poll();
      if (line.startsWith("RANGE_END")) {
        return;
      }
      if (line.startsWith("ADDRESS")) {
        range.addresses().add(line.split("\\s+")[1]);
      }
    }
  }

  private ReplayEntry entry() throws IOException {
    Set<String> match = new HashSet<>();
    Set<String> flags = new LinkedHashSet<>();
    boolean copies = false;
    boolean malformed = false;
    Message message = new Message();
    int section = Section.QUESTION;
    StringBuilder text = new StringBuilder();
    for (String line = lines.poll(); line != null; line = lines.poll()) {
      String[] words = line.split("\\s+");
      if (line.startsWith("SECTION") || line.startsWith("ENTRY_END")) {
        malformed |= !add(text, section, message);
        text.setLength(0);
        if (line.startsWith("ENTRY_END")) {
          break;
        }
        section =
            switch (words[1]) {
              case "QUESTION" -> Section.QUESTION;
              case "ANSWER" -> Section.ANSWER;
              case "AUTHORITY" -> Section.AUTHORITY;
              default -> Section.ADDITIONAL;
            };
      } else if (words[0].equals("MATCH")) {
        match.addAll(List.of(words));
      } else if (words[0].equals("REPLY")) {
        flags.addAll(List.of(words));
      } else if (words[0].equals("ADJUST")) {
        copies = line.contains("copy_query");
      } else if (!words[0].equals("ENTRY_BEGIN")) {
        text.append(line).append('\n');
      }
    }
    message.getHeader().setFlag(Flags.QR);
    for (String flag : flags) {
      int rcode = "REPLY QR AA TC RD RA AD CD DO".contains(flag) ? -1 : Rcode.value(flag);
      if (rcode >= 0) {
        message.getHeader().setRcode(rcode);
      }
    }
    if (malformed) {
      // What the library cannot read never gets to the validator.
      message.getHeader().setRcode(Rcode.FORMERR);
    }
    return new ReplayEntry(match, flags, copies, message);
  }

  private boolean add(StringBuilder text, int section, Message message) throws IOException {
    if (section == Section.QUESTION) {
      String[] words = text.toString().strip().split("\\s+");
      if (words.length >= 3) {
        Name name = Name.fromString(words[0], Name.root);
        message.addRecord(
            Record.newRecord(name, Type.value(words[2].toUpperCase(Locale.ROOT)), DClass.IN),
            section);
      }
      return true;
    }
    byte[] bytes = numbered(text.toString()).getBytes(StandardCharsets.ISO_8859_1);
    try (Master master = new Master(new ByteArrayInputStream(bytes), Name.root, 3600)) {
      for (Record r = master.nextRecord(); r != null; r = master.nextRecord()) {
        message.addRecord(r, section);
        if (r instanceof RRSIGRecord signature) {
          signatures.add(signature);
        }
      }
      return true;
    } catch (WireParseException e) {
      return false;
    } catch (IOException e) {
      throw new IOException(file + ": " + text, e);
    }
  }

  /** The library needs numbers in DS records, and signatures that are not empty. */
  private static String numbered(String text) {
    return text.replaceAll("\\bDS(\\s+\\d+\\s+)RSASHA1\\s", "DS$1 5 ")
        .replaceAll("\\bDS(\\s+\\d+\\s+)DSA\\s", "DS$1 3 ")
        .replaceAll("(?m)(\\sRRSIG\\s.*\\.)[ \t]*(;.*)?$", "$1 AA==");
  }

  /** The configured date; without one the moment at which most signatures of the file are valid. */
  Instant start() {
    if (date.length() == 14) {
      DateTimeFormatter form = DateTimeFormatter.ofPattern("yyyyMMddHHmmss", Locale.ROOT);
      return LocalDateTime.parse(date, form).toInstant(ZoneOffset.UTC);
    }
    Instant best = Instant.EPOCH;
    long most = -1;
    for (RRSIGRecord candidate : signatures) {
      Instant at = candidate.getTimeSigned().plusSeconds(1);
      long valid =
          signatures.stream()
              .filter(s -> !s.getTimeSigned().isAfter(at) && s.getExpire().isAfter(at))
              .count();
      if (valid > most) {
        most = valid;
        best = at;
      }
    }
    return best;
  }

  /**
   * What a recursive resolver that does not validate states.
   *
   * @throws IOException when it would say SERVFAIL
   */
  Message resolve(Name name, int type, int step) throws IOException {
    int[] sent = {0};
    Message whole = new Message();
    whole.getHeader().setFlag(Flags.QR);
    whole.addRecord(Record.newRecord(name, type, DClass.IN), Section.QUESTION);
    Name at = name;
    Set<Name> followed = new HashSet<>();
    while (followed.add(at) && followed.size() < 15) {
      Message part;
      try {
        part = iterate(at, type, step, sent);
      } catch (IOException e) {
        part = remembered(at, type);
        if (part == null) {
          throw e;
        }
      }
      whole.getHeader().setRcode(part.getRcode());
      for (int section : new int[] {Section.ANSWER, Section.AUTHORITY, Section.ADDITIONAL}) {
        for (Record r : part.getSection(section)) {
          if (!whole.getSection(section).contains(r)) {
            whole.addRecord(r, section);
          }
        }
      }
      Name end = end(at, type, whole);
      boolean found = whole.getSection(Section.ANSWER).stream().anyMatch(r -> is(r, end, type));
      if (found || end.equals(at)) {
        return whole;
      }
      at = end;
    }
    return whole;
  }

  /** Unbound's cache: sets that came with earlier answers, and denials of DS (RFC 8198). */
  private @Nullable Message remembered(Name name, int type) {
    Message found = new Message();
    for (Message message : seen) {
      for (int section : new int[] {Section.ANSWER, Section.AUTHORITY, Section.ADDITIONAL}) {
        for (Record r : message.getSection(section)) {
          int covered = r.getRRsetType();
          boolean answers =
              r.getName().equals(name) && (covered == type || covered == Type.CNAME)
                  || (covered == Type.DNAME && name.subdomain(r.getName()));
          boolean denies = type == Type.DS && (covered == Type.NSEC || covered == Type.NSEC3);
          if ((answers || denies) && !found.getSection(Section.ANSWER).contains(r)) {
            found.addRecord(r, Section.ANSWER);
          }
        }
      }
    }
    return found.getSection(Section.ANSWER).isEmpty() ? null : found;
  }

  private static boolean is(Record r, Name name, int type) {
    return r.getName().equals(name) && (r.getType() == type || type == Type.ANY);
  }

  /** Follows CNAMEs, and makes those that a DNAME implies. */
  private static Name end(Name start, int type, Message whole) throws NameTooLongException {
    Name at = start;
    Set<Name> seen = new HashSet<>();
    while (type != Type.CNAME && type != Type.ANY && seen.add(at)) {
      Name here = at;
      for (Record r : List.copyOf(whole.getSection(Section.ANSWER))) {
        if (r instanceof CNAMERecord cname && cname.getName().equals(here)) {
          at = cname.getTarget();
        } else if (r instanceof DNAMERecord dname
            && here.equals(at)
            && !here.equals(dname.getName())
            && here.subdomain(dname.getName())) {
          at = here.fromDNAME(dname);
          Record made = new CNAMERecord(here, DClass.IN, dname.getTTL(), at);
          if (whole.getSection(Section.ANSWER).stream().noneMatch(x -> is(x, here, Type.CNAME))) {
            whole.addRecord(made, Section.ANSWER);
          }
        }
      }
    }
    return at;
  }

  private Message iterate(Name name, int type, int step, int[] sent) throws IOException {
    try {
      return fromServers(name, type, step, sent);
    } catch (IOException e) {
      Message recorded = anywhere(name, type, step);
      if (recorded == null) {
        throw e;
      }
      return recorded;
    }
  }

  /**
   * Unbound has learnt delegations and DS records from earlier answers that are scripted for those
   * questions only: whatever server has this answer, or the referral with the DS records.
   */
  private @Nullable Message anywhere(Name name, int type, int step) {
    Message referral = null;
    for (Range range : ranges) {
      for (ReplayEntry entry : range.entries()) {
        Message message = entry.message();
        Record question = message.getQuestion();
        boolean usable =
            message.getRcode() == Rcode.NOERROR || message.getRcode() == Rcode.NXDOMAIN;
        if (step < range.from() || step > range.to() || question == null || !usable) {
          continue;
        }
        boolean refers =
            message.getSection(Section.ANSWER).isEmpty()
                && message.getSection(Section.AUTHORITY).stream()
                    .anyMatch(r -> r instanceof NSRecord && name.subdomain(r.getName()));
        boolean exact = question.getName().equals(name) && question.getType() == type;
        if (exact && !refers && !entry.match().contains("subdomain")) {
          seen.add(message);
          return message;
        }
        if (type == Type.DS
            && message.getSection(Section.AUTHORITY).stream()
                .anyMatch(r -> r instanceof NSRecord && r.getName().equals(name))
            && message.getSection(Section.AUTHORITY).stream()
                .anyMatch(
                    r ->
                        r.getType() == Type.DS
                            || r.getType() == Type.NSEC
                            || r.getType() == Type.NSEC3)) {
          referral = message;
        }
      }
    }
    return referral;
  }

  private Message fromServers(Name name, int type, int step, int[] sent) throws IOException {
    Name zone = Name.root;
    List<String> servers = new ArrayList<>();
    boolean forward = false;
    int deepest = 0;
    Name side = type == Type.DS ? DnsNames.parent(name) : name;
    for (Stub stub : stubs) {
      if (side.subdomain(stub.zone()) && stub.zone().labels() > deepest) {
        deepest = stub.zone().labels();
        zone = stub.zone();
        servers = stub.addresses();
        forward = stub.forward();
      }
    }
    while (true) {
      Message answer = query(servers, name, type, step, sent);
      if (forward
          || answer.getRcode() != Rcode.NOERROR
          || !answer.getSection(Section.ANSWER).isEmpty()
          || answer.getSection(Section.AUTHORITY).stream().anyMatch(SOARecord.class::isInstance)) {
        return answer;
      }
      Name below = null;
      List<String> next = new ArrayList<>();
      for (Record r : answer.getSection(Section.AUTHORITY)) {
        if (r instanceof NSRecord ns
            && name.subdomain(ns.getName())
            && ns.getName().labels() > zone.labels()
            && !(type == Type.DS && ns.getName().equals(name))) {
          below = ns.getName();
          next.addAll(addresses(ns.getTarget(), answer, step, sent));
        }
      }
      if (below == null) {
        return answer;
      }
      zone = below;
      servers = next;
    }
  }

  private List<String> addresses(Name server, Message referral, int step, int[] sent) {
    List<String> found = new ArrayList<>();
    List<Record> records = new ArrayList<>(referral.getSection(Section.ADDITIONAL));
    if (records.stream().noneMatch(r -> r.getName().equals(server))) {
      try {
        records.addAll(iterate(server, Type.A, step, sent).getSection(Section.ANSWER));
      } catch (IOException e) {
        return found;
      }
    }
    for (Record r : records) {
      if (r.getName().equals(server)) {
        if (r instanceof ARecord a) {
          found.add(a.getAddress().getHostAddress());
        } else if (r instanceof AAAARecord aaaa) {
          found.add(aaaa.rdataToString());
        }
      }
    }
    return found;
  }

  private Message query(List<String> servers, Name name, int type, int step, int[] sent)
      throws IOException {
    for (String server : servers) {
      for (Range range : ranges) {
        if (step < range.from() || step > range.to() || !range.addresses().contains(server)) {
          continue;
        }
        for (ReplayEntry entry : range.entries()) {
          if (entry.matches(name, type)) {
            if (++sent[0] > MAX_SENT) {
              throw new IOException("the replay resolver asks too much");
            }
            int rcode = entry.message().getRcode();
            if (rcode == Rcode.NOERROR || rcode == Rcode.NXDOMAIN) {
              seen.add(entry.message());
              return entry.message();
            }
            break;
          }
        }
      }
    }
    throw new IOException("SERVFAIL for " + name + " " + Type.string(type));
  }
}
