package org.sealwax.mail.dns.validate;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** What an attacker on the way makes of messages: the same each time for the same question. */
final class ChangedMessages {
  private static final int KINDS = 13;

  private final SignedZones zones;
  private final long seed;
  private final Map<MessageSource.DnsQuery, Message> made = new HashMap<>();
  private final Map<MessageSource.DnsQuery, String> names = new HashMap<>();

  ChangedMessages(SignedZones zones, long seed) {
    this.zones = zones;
    this.seed = seed;
  }

  /** The message for all validators, changed or not. */
  synchronized Message message(MessageSource.DnsQuery query) {
    return made.computeIfAbsent(query, this::make).clone();
  }

  /** What was done to the message; empty when nothing was. */
  synchronized String name(MessageSource.DnsQuery query) {
    return names.getOrDefault(query, "");
  }

  private Message make(MessageSource.DnsQuery query) {
    Message message = zones.query(query);
    Random random = new Random(seed ^ query.hashCode() * 0x9e3779b97f4a7c15L);
    boolean aboutKeys = query.type() == Type.DS || query.type() == Type.DNSKEY;
    if (random.nextInt(100) >= (aboutKeys ? 4 : 60)) {
      return message;
    }
    return change(query, message, random);
  }

  private Message change(MessageSource.DnsQuery query, Message message, Random random) {
    List<Record> answer = new ArrayList<>(message.getSection(Section.ANSWER));
    List<Record> authority = new ArrayList<>(message.getSection(Section.AUTHORITY));
    Name plain = SignedZones.name("plain.example");
    List<Record> either = answer.isEmpty() ? authority : answer;
    int rcode = message.getRcode();
    String name;
    switch (random.nextInt(KINDS)) {
      case 0 -> {
        name = "one record gone";
        List<Record> from = random.nextBoolean() ? either : authority;
        if (!from.isEmpty()) {
          from.remove(random.nextInt(from.size()));
        }
      }
      case 1 -> {
        name = "no signatures";
        answer.removeIf(RRSIGRecord.class::isInstance);
        authority.removeIf(RRSIGRecord.class::isInstance);
      }
      case 2 -> {
        name = "a signature spoilt";
        spoil(either, random);
      }
      case 3 -> {
        name = "no denial";
        authority.removeIf(r -> r.getRRsetType() == Type.NSEC || r.getRRsetType() == Type.NSEC3);
      }
      case 4 -> {
        name = "other rcode";
        rcode = rcode == Rcode.NOERROR ? Rcode.NXDOMAIN : Rcode.NOERROR;
      }
      case 5 -> {
        name = "no answer";
        answer.clear();
      }
      case 6 -> {
        name = "no authority";
        authority.clear();
      }
      case 7 -> {
        name = "SOA of an unsigned zone";
        authority.addFirst(new SOARecord(plain, DClass.IN, 300, plain, plain, 1, 1, 1, 1, 1));
      }
      case 8 -> {
        name = "other order";
        Collections.shuffle(answer, random);
        Collections.shuffle(authority, random);
      }
      case 9 -> {
        name = "the denial of another name";
        Name other = DnsNames.parent(query.name());
        authority.clear();
        authority.addAll(
            zones.query(new MessageSource.DnsQuery(other, Type.TXT)).getSection(Section.AUTHORITY));
      }
      case 10 -> {
        name = "another address";
        answer.addFirst(
            new ARecord(
                query.name(), DClass.IN, 300, java.net.InetAddress.ofLiteral("192.0.2.66")));
      }
      case 11 -> {
        name = "an unsigned denial";
        answer.clear();
        authority.clear();
        authority.add(new SOARecord(plain, DClass.IN, 300, plain, plain, 1, 1, 1, 1, 1));
        rcode = random.nextBoolean() ? Rcode.NXDOMAIN : Rcode.NOERROR;
      }
      default -> {
        name = "data changed";
        answer.replaceAll(
            r ->
                r instanceof ARecord a
                    ? new ARecord(
                        a.getName(),
                        DClass.IN,
                        a.getTTL(),
                        java.net.InetAddress.ofLiteral("192.0.2.66"))
                    : r);
      }
    }
    names.put(query, name);
    Message changed = SignedZones.with(message, Section.ANSWER, answer);
    changed = SignedZones.with(changed, Section.AUTHORITY, authority);
    changed.getHeader().setRcode(rcode);
    return changed;
  }

  private static void spoil(List<Record> records, Random random) {
    for (int i = 0; i < records.size(); i++) {
      if (records.get(i) instanceof RRSIGRecord s) {
        byte[] signature = s.getSignature().clone();
        signature[random.nextInt(signature.length)] ^= 1;
        records.set(
            i,
            new RRSIGRecord(
                s.getName(),
                s.getDClass(),
                s.getTTL(),
                s.getTypeCovered(),
                s.getAlgorithm(),
                s.getOrigTTL(),
                s.getExpire(),
                s.getTimeSigned(),
                s.getFootprint(),
                s.getSigner(),
                signature));
        return;
      }
    }
  }
}
