using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace BzPeer.ServiceDefaults;

/// <summary>
/// Answers that no endpoint gives itself, in the description of every call that may get them: what cannot be read, who may not, somebody
/// merged, a position not reached yet, a store that is down.
/// </summary>
internal sealed class CommonAnswers : IApiDescriptionProvider
{
    /// <summary>After the provider that finds the calls.</summary>
    public int Order => 0;

    public void OnProvidersExecuting(ApiDescriptionProviderContext context)
    {
    }

    public void OnProvidersExecuted(ApiDescriptionProviderContext context)
    {
        foreach (var call in context.Results) Complete(call);
    }

    private static void Complete(ApiDescription call)
    {
        var (path, reads) = (call.RelativePath ?? "", call.HttpMethod == HttpMethods.Get);
        var body = call.ParameterDescriptions.Any(parameter => parameter.Source == BindingSource.Body);
        if (call.ParameterDescriptions.Count > 0) Add(StatusCodes.Status400BadRequest);
        if (!call.ActionDescriptor.EndpointMetadata.OfType<IAllowAnonymous>().Any()) Add(StatusCodes.Status401Unauthorized);
        if (body)
        {
            Add(StatusCodes.Status413PayloadTooLarge);
            Add(StatusCodes.Status415UnsupportedMediaType);
        }

        // See Survivors: these name a researcher, who may have been merged into another.
        if (path.StartsWith("api/researchers/{id", StringComparison.Ordinal) || (path.StartsWith("api/me/", StringComparison.Ordinal) && path.Contains("{id", StringComparison.Ordinal)))
            Add(reads ? StatusCodes.Status301MovedPermanently : StatusCodes.Status308PermanentRedirect, problem: false);
        // A read that was asked to wait for a position, or a write that somebody else came before.
        Add(StatusCodes.Status409Conflict);
        Add(StatusCodes.Status503ServiceUnavailable);

        var sorted = call.SupportedResponseTypes.OrderBy(answer => answer.StatusCode).ToList();
        call.SupportedResponseTypes.Clear();
        foreach (var answer in sorted) call.SupportedResponseTypes.Add(answer);

        void Add(int status, bool problem = true)
        {
            if (call.SupportedResponseTypes.Any(answer => answer.StatusCode == status)) return;
            var answer = new ApiResponseType { StatusCode = status, Type = problem ? typeof(ProblemDetails) : typeof(void) };
            if (problem) answer.ApiResponseFormats.Add(new ApiResponseFormat { MediaType = "application/problem+json" });
            call.SupportedResponseTypes.Add(answer);
        }
    }
}
