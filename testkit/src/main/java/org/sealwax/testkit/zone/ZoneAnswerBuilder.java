package org.sealwax.testkit.zone;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Fills the answer to one question from a set of zones, faults included. Checks before that
 * (clients, rates, message form) are up to the server.
 */
final class ZoneAnswerBuilder {
  private final ZoneSet zones;
  private volatile boolean setsAuthenticData;
  private volatile boolean hidesBogus;

  ZoneAnswerBuilder(ZoneSet zones) {
    this.zones = zones;
  }

  void setAuthenticData(boolean authenticData) {
    setsAuthenticData = authenticData;
  }

  void hideBogus(boolean hides) {
    hidesBogus = hides;
  }

  /**
   * The whole answer.
   *
   * @param reply with header and question, to be filled
   * @param stream whether it goes over TCP
   * @param limit bytes of the answer; a longer one is truncated, with TC set
   * @return empty when no answer is to be sent
   */
  Optional<byte[]> answer(Message query, Message reply, boolean stream, int limit) {
    Record question = query.getQuestion();
    DnsFault fault = zones.faultFor(question.getName(), question.getType());
    if (fault == DnsFault.DROP || (fault == DnsFault.TRUNCATE_NO_TCP && stream)) {
      return Optional.empty();
    }
    if (fault == DnsFault.GARBAGE) {
      byte[] garbage = new byte[40];
      Arrays.fill(garbage, (byte) 0xff);
      int id = query.getHeader().getID();
      garbage[0] = (byte) (id >> 8);
      garbage[1] = (byte) id;
      return Optional.of(garbage);
    }
    fill(query, question, fault, stream, reply);
    return Optional.of(reply.toWire(limit));
  }

  private void fill(
      Message query, Record question, @Nullable DnsFault fault, boolean stream, Message reply) {
    Header header = reply.getHeader();
    switch (fault) {
      case SERVFAIL -> {
        header.setRcode(Rcode.SERVFAIL);
        return;
      }
      case REFUSED -> {
        header.setRcode(Rcode.REFUSED);
        return;
      }
      case TRUNCATE, TRUNCATE_NO_TCP -> {
        if (!stream) {
          header.setFlag(Flags.TC);
          return;
        }
      }
      case WRONG_ID -> header.setID(header.getID() ^ 0x5555);
      case WRONG_QUESTION -> {
        reply.removeAllRecords(Section.QUESTION);
        reply.addRecord(
            Record.newRecord(ServedZone.absolute("other.invalid"), question.getType(), DClass.IN),
            Section.QUESTION);
      }
      case DROP,
          GARBAGE,
          NO_DENIAL,
          NO_AUTHORITY,
          NO_SIGNATURES,
          EXPIRED_SIGNATURES,
          WRONG_SIGNATURES -> {}
      case null -> {}
    }
    Map<Name, ServedZone> now = zones.now();
    OPTRecord opt = query.getOPT();
    boolean dnssec = opt != null && (opt.getFlags() & ExtendedFlags.DO) != 0;
    RecursiveAnswer found = RecursiveAnswer.to(question.getName(), question.getType(), dnssec, now);
    boolean spoiled =
        fault == DnsFault.WRONG_SIGNATURES
            || fault == DnsFault.EXPIRED_SIGNATURES
            || fault == DnsFault.NO_SIGNATURES
            || (found.denial() && (fault == DnsFault.NO_DENIAL || fault == DnsFault.NO_AUTHORITY));
    if (hidesBogus
        && !query.getHeader().getFlag(Flags.CD)
        && (found.bogus() || (found.secure() && spoiled))) {
      header.setRcode(Rcode.SERVFAIL);
      return;
    }
    header.setRcode(found.rcode());
    boolean wantsAd = dnssec || query.getHeader().getFlag(Flags.AD);
    if (setsAuthenticData && wantsAd && found.secure()) {
      header.setFlag(Flags.AD);
    }
    boolean signatures = dnssec && fault != DnsFault.NO_SIGNATURES;
    found.answer().forEach(set -> put(broken(set, fault, now), Section.ANSWER, reply, signatures));
    if (found.denial() && fault == DnsFault.NO_AUTHORITY) {
      return;
    }
    for (RRset set : found.authority()) {
      boolean proof = set.getType() == Type.NSEC || set.getType() == Type.NSEC3;
      if (!proof || (dnssec && fault != DnsFault.NO_DENIAL)) {
        put(broken(set, fault, now), Section.AUTHORITY, reply, signatures);
      }
    }
  }

  private static RRset broken(RRset set, @Nullable DnsFault fault, Map<Name, ServedZone> zones) {
    if (fault == DnsFault.WRONG_SIGNATURES) {
      return ServedZone.withFlippedSignatures(set);
    }
    if (fault != DnsFault.EXPIRED_SIGNATURES || set.sigs().isEmpty()) {
      return set;
    }
    ServedZone signer = zones.get(set.sigs().getFirst().getSigner());
    return signer == null ? set : signer.withExpiredSignature(set);
  }

  private static void put(RRset set, int section, Message reply, boolean signatures) {
    for (Record r : set.rrs(false)) {
      reply.addRecord(r, section);
    }
    if (signatures) {
      for (RRSIGRecord s : set.sigs()) {
        reply.addRecord(s, section);
      }
    }
  }
}
