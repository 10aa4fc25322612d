package org.sealwax.testkit.zone;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.xbill.DNS.CookieOption;
import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * A plain authority for one delegated zone and the zones below it, on the open Internet: it answers
 * for its zone and refuses everything else, signs as it answers, never recurses, hands out no
 * zones, and answers a source only as often as {@link ResponseRateLimit} allows. Answers carry AA
 * and nothing that was not asked for; those to ANY are one set (RFC 8482). Cookies: RFC 7873, 9018.
 * Thread-safe.
 */
public final class AuthoritativeServer extends ZoneServer {
  /** Concurrent TCP connections of one network. */
  static final int MAX_CONNECTIONS_EACH = 16;

  /**
   * Total time of a TCP connection (RFC 7766 6.2.3 recommends idle times of seconds, not minutes).
   */
  static final Duration CONNECTION_TIME = Duration.ofSeconds(20);

  /** Bytes of a question: one name, one OPT with a cookie and padding. */
  static final int LARGEST_QUESTION = 1_024;

  /** RFC 7873 8: BADCOOKIE. */
  private static final int BADCOOKIE = 23;

  private static final int BADVERS = 16;

  /** Bytes of a header (RFC 1035 4.1.1). */
  private static final int HEADER = 12;

  private final Name zone;
  private final DnsCookies cookies;
  private final ResponseRateLimit rateLimit;

  /**
   * Without sockets.
   *
   * @param key with which the zone itself is signed
   */
  AuthoritativeServer(
      AuthoritativeServerSettings settings, StoredZoneKey key, Clock clock, RandomSource random) {
    super(
        clock,
        false,
        settings.servers().stream().map(ServedZone::absolute).toList(),
        new ClientLimits(MAX_CONNECTIONS_EACH, CONNECTION_TIME, LARGEST_QUESTION));
    this.zone = ServedZone.absolute(settings.zone());
    this.cookies = new DnsCookies(random.bytes(16), clock);
    this.rateLimit = new ResponseRateLimit(clock, settings.rate());
    zones.pin(key.key());
  }

  /**
   * Listens; no zone is served yet.
   *
   * @throws IOException when an address or port is not available; nothing stays open then
   */
  public static AuthoritativeServer start(
      AuthoritativeServerSettings settings, StoredZoneKey key, Clock clock, RandomSource random)
      throws IOException {
    AuthoritativeServer authority = new AuthoritativeServer(settings, key, clock, random);
    authority.listen("authority", settings.listen());
    return authority;
  }

  @Override
  Optional<byte[]> answer(byte[] bytes, InetAddress from, boolean stream) {
    if (bytes.length < HEADER || bytes.length > LARGEST_QUESTION || bytes[2] < 0) {
      // Too short to answer, no question, or an answer: answering answers makes loops.
      return Optional.empty();
    }
    Message query;
    try {
      query = new Message(bytes);
    } catch (IOException | RuntimeException e) {
      return rateLimit.of(from, stream) == ResponseRateLimit.RateLimitAction.ANSWER
          ? Optional.of(malformed(bytes))
          : Optional.empty();
    }
    OPTRecord opt = query.getOPT();
    Cookie cookie = Cookie.of(opt, cookies, from);
    return switch (rateLimit.of(from, stream || cookie.proven())) {
      case DROP -> Optional.empty();
      case SLIP -> stream ? Optional.empty() : Optional.of(slip(query, cookie, from));
      case ANSWER -> answer(query, cookie, from, stream);
    };
  }

  /**
   * The cookies of a query.
   *
   * @param client its client cookie, or null
   * @param proven whether it showed one that we gave it
   */
  private record Cookie(byte @Nullable [] client, boolean proven) {
    static Cookie of(@Nullable OPTRecord opt, DnsCookies cookies, InetAddress from) {
      if (opt != null) {
        for (EDNSOption option : opt.getOptions(EDNSOption.Code.COOKIE)) {
          if (option instanceof CookieOption shown) {
            byte[] client = shown.getClientCookie();
            boolean proven =
                shown.getServerCookie().map(s -> cookies.isValid(client, s, from)).orElse(false);
            return new Cookie(client, proven);
          }
        }
      }
      return new Cookie(null, false);
    }
  }

  /** A header and FORMERR: shorter than what came. */
  private static byte[] malformed(byte[] bytes) {
    Header header = new Header((bytes[0] & 0xff) << 8 | (bytes[1] & 0xff));
    header.setFlag(Flags.QR);
    header.setOpcode(bytes[2] >> 3 & 0xf);
    header.setRcode(Rcode.FORMERR);
    return header.toWire();
  }

  private byte[] slip(Message query, Cookie cookie, InetAddress from) {
    Message reply = emptyReply(query, cookie, from, cookie.client() == null ? 0 : BADCOOKIE);
    if (cookie.client() == null) {
      reply.getHeader().setFlag(Flags.TC);
    }
    return reply.toWire(PLAIN_UDP);
  }

  private Optional<byte[]> answer(Message query, Cookie cookie, InetAddress from, boolean stream) {
    Header header = query.getHeader();
    OPTRecord opt = query.getOPT();
    if (header.getOpcode() != Opcode.QUERY) {
      return Optional.of(refusal(query, cookie, from, Rcode.NOTIMP));
    }
    if (header.getCount(Section.QUESTION) != 1
        || header.getCount(Section.ANSWER) > 0
        || count(query, Type.OPT) > 1) {
      return Optional.of(refusal(query, cookie, from, Rcode.FORMERR));
    }
    if (opt != null && opt.getVersion() > 0) {
      return Optional.of(refusal(query, cookie, from, BADVERS));
    }
    Record question = query.getQuestion();
    int type = question.getType();
    if (question.getDClass() != DClass.IN || !question.getName().subdomain(zone) || isAxfr(type)) {
      return Optional.of(refusal(query, cookie, from, Rcode.REFUSED));
    }
    if (!Type.isRR(type) && type != Type.ANY) {
      return Optional.of(refusal(query, cookie, from, Rcode.NOTIMP));
    }
    asked(query, stream, from);
    Message reply = emptyReply(query, cookie, from, 0);
    reply.getHeader().setFlag(Flags.AA);
    return answerBuilder.answer(query, reply, stream, limit(opt, stream));
  }

  private static boolean isAxfr(int type) {
    return type == Type.AXFR || type == Type.IXFR;
  }

  private static int count(Message query, int type) {
    int count = 0;
    for (Record each : query.getSection(Section.ADDITIONAL)) {
      count += each.getType() == type ? 1 : 0;
    }
    return count;
  }

  private byte[] refusal(Message query, Cookie cookie, InetAddress from, int rcode) {
    return emptyReply(query, cookie, from, rcode).toWire(PLAIN_UDP);
  }

  /** Header, question, OPT with cookie; no more. */
  private Message emptyReply(Message query, Cookie cookie, InetAddress from, int rcode) {
    Message reply = emptyReply(query);
    reply.getHeader().setOpcode(query.getHeader().getOpcode());
    reply.getHeader().setRcode(rcode & 0xf);
    OPTRecord opt = query.getOPT();
    if (opt != null) {
      byte[] client = cookie.client();
      List<EDNSOption> options =
          client == null
              ? List.of()
              : List.of(new CookieOption(client, cookies.make(client, from)));
      reply.addRecord(
          new OPTRecord(LARGEST_UDP, rcode >> 4, 0, opt.getFlags() & ExtendedFlags.DO, options),
          Section.ADDITIONAL);
    }
    return reply;
  }
}
