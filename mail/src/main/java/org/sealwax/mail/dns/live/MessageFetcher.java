package org.sealwax.mail.dns.live;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.sealwax.mail.dns.validate.MessageSource;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Threads;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/**
 * The messages of one look-up, each fetched once. Questions about keys that another look-up has
 * sent are not sent again: the look-ups about one domain begin at the same time and need the same
 * chain of zones. Thread-safe.
 */
final class MessageFetcher implements MessageSource {
  private final Upstream upstream;
  private final LookupLimits limits;
  private final Map<DnsQuery, CompletableFuture<Message>> underWay;
  private final Map<DnsQuery, CompletableFuture<Message>> queried = new ConcurrentHashMap<>();

  /**
   * @param underWay questions about keys that are being asked, by all look-ups; thread-safe
   */
  MessageFetcher(
      Upstream upstream, LookupLimits limits, Map<DnsQuery, CompletableFuture<Message>> underWay) {
    this.upstream = upstream;
    this.limits = limits;
    this.underWay = underWay;
  }

  @Override
  public Message fetch(DnsQuery query) throws IOException {
    return await(queried(query, Runnable::run));
  }

  @Override
  public void prefetch(List<DnsQuery> queries) {
    for (DnsQuery query : queries) {
      var _ = queried(query, fetch -> Threads.start("dns", fetch));
    }
  }

  private CompletableFuture<Message> queried(DnsQuery query, Executor executor) {
    CompletableFuture<Message> mine = new CompletableFuture<>();
    CompletableFuture<Message> there = queried.putIfAbsent(query, mine);
    if (there == null) {
      executor.execute(() -> fetch(query, mine));
    }
    return there == null ? mine : there;
  }

  private void fetch(DnsQuery query, CompletableFuture<Message> mine) {
    boolean aboutKeys = query.type() == Type.DNSKEY || query.type() == Type.DS;
    CompletableFuture<Message> theirs = aboutKeys ? underWay.putIfAbsent(query, mine) : null;
    try {
      mine.complete(theirs == null ? send(query) : shared(query, theirs));
    } catch (IOException e) {
      mine.completeExceptionally(e);
    } finally {
      underWay.remove(query, mine);
      // Whatever happened: no caller may wait for a thread that has ended.
      mine.completeExceptionally(new IOException("the look-up was interrupted"));
    }
  }

  private Message shared(DnsQuery query, CompletableFuture<Message> theirs) throws IOException {
    try {
      return await(theirs);
    } catch (IOException e) {
      // A failure of a look-up that may have had less time left than this one.
      return send(query);
    }
  }

  private Message send(DnsQuery query) throws IOException {
    return upstream.query(
        Message.newQuery(Record.newRecord(query.name(), query.type(), DClass.IN)), limits);
  }

  private Message await(CompletableFuture<Message> future) throws IOException {
    try {
      return future.get(Math.max(0, limits.left().toNanos()), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (TimeoutException e) {
      throw new IOException("timeout", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException failure
          ? new IOException(FailureText.of(failure), failure)
          : new IOException(e);
    }
  }
}
